//! What is there of a verification.
//!
//! - Reads: code on the chain of what an earlier run verified, and what the explorer says of it.
//! - Returns: `verified = true`, or in its place why not: then the plan shows a drift.
//! - Never: takes an explorer that is silent for one that has forgotten: then what is recorded stays.

use futures_util::future::{join, join_all};
use pospool_conflux_rpc::{CountingTransport, RpcError};
use pospool_model::provider::{Observation, ObserveContext, Observed, Target};
use pospool_model::{Attributes, Problem, ProviderError, Value};

use super::check::{self, DIFFERS, PartVerdict};
use super::parts::{self, KnownResources, Part};
use super::submit::{self, KnownVerification};
use super::{VERIFIED, Web};
use crate::codes;
use crate::work::{CheckedPart, VerifyWork};

/// Looks at verifications.
pub(crate) async fn look_at_verified(
    link: &CountingTransport,
    web: &Web,
    targets: &[&Target<'_>],
    scene: &ObserveContext<'_>,
) -> Observation {
    let mut observation = Observation::default();
    let looks = targets
        .iter()
        .map(|target| look_at(link, web, target, scene));
    for (target, found) in targets.iter().zip(join_all(looks).await) {
        let found = found.unwrap_or_else(|error| Err(error.to_problem()));
        match found {
            Ok(observed) => {
                observation.objects.insert(target.address.clone(), observed);
            }
            Err(problem) => observation.problems.push((target.address.clone(), problem)),
        }
    }
    observation
}

async fn look_at(
    link: &CountingTransport,
    web: &Web,
    target: &Target<'_>,
    scene: &ObserveContext<'_>,
) -> Result<Result<Observed, Problem>, ProviderError> {
    let Some(wanted) = target.wanted else {
        let outputs = target.recorded.map(|recorded| recorded.outputs.clone());
        return Ok(Ok(present(Attributes::new(), outputs.unwrap_or_default())));
    };
    let around = KnownResources {
        wanted: scene.wanted,
        outputs: scene.outputs,
    };
    let parts = match parts::parts_of(wanted, around) {
        Ok(parts) => parts,
        // The plan says it too, with more of the plan around it.
        Err(_) if target.recorded.is_none() => return Ok(Ok(Observed::Absent)),
        Err(problem) => return Ok(Err(problem)),
    };
    let there = parts.iter().filter(|part| part.address.is_some());
    let (changing, staying): (Vec<&Part>, Vec<&Part>) =
        there.partition(|part| parts::changes_code(&part.contract, around));
    if changing.is_empty() && staying.is_empty() {
        return Ok(Ok(Observed::Absent));
    }
    let was_verified = target.recorded.is_some_and(|recorded| recorded.complete);
    let asked = async {
        if was_verified {
            unverified(web, wanted, &staying).await
        } else {
            None
        }
    };
    let (seen, forgotten) = join(compare(link, &staying), asked).await;
    let seen = seen?;
    if !was_verified {
        // It would fail anyway: better said before anything is sent.
        if let Some(what) = seen.difference {
            return Ok(Err(Problem::new(DIFFERS, &["contract"], what)
                .help("name the source that the contract was made from")));
        }
        // What no state knows may be verified all the same, such as where the state was lost.
        let is_whole = changing.is_empty() && staying.len() == parts.len() && !seen.absent;
        let is_known = is_whole && target.recorded.is_none();
        if !is_known || !are_all_verified(web, wanted, &staying).await {
            return Ok(Ok(Observed::Absent));
        }
        let attributes = Attributes::from([(VERIFIED.to_owned(), Value::Bool(true))]);
        let outputs = Attributes::from([("local".to_owned(), check::local_word(seen.exact))]);
        return Ok(Ok(present(attributes, outputs)));
    }
    if seen.absent {
        return Ok(Ok(Observed::Absent));
    }
    let changes = changing
        .first()
        .map(|part| format!("{} gets other code", part.what()));
    let reason = changes.or(seen.difference).or(forgotten);
    let verified = reason.map_or(Value::Bool(true), Value::Text);
    let attributes = Attributes::from([(VERIFIED.to_owned(), verified)]);
    let outputs = Attributes::from([("local".to_owned(), check::local_word(seen.exact))]);
    Ok(Ok(present(attributes, outputs)))
}

/// What the looks at all parts found.
struct SeenParts {
    exact: bool,
    absent: bool,
    difference: Option<String>,
}

/// Compares all parts with the chain.
async fn compare(link: &CountingTransport, parts: &[&Part]) -> Result<SeenParts, ProviderError> {
    let checked = parts.iter().filter_map(|part| CheckedPart::of(part));
    let checked: Vec<CheckedPart> = checked.collect();
    let mut seen = SeenParts {
        exact: true,
        absent: false,
        difference: None,
    };
    for (part, look) in checked
        .iter()
        .zip(check::look_at_code(link, &checked).await)
    {
        match look.map_err(|error| unreachable(&part.what, error))? {
            PartVerdict::Alike { exact, .. } => seen.exact &= exact,
            PartVerdict::Absent => seen.absent = true,
            PartVerdict::Different(what) => seen.difference = Some(what),
        }
    }
    Ok(seen)
}

/// What an explorer is asked of a part: a plan is made of a spec that nobody has approved yet, such as that of a pull request,
/// so no secret goes to whom it names. Explorers answer such questions without a key, only not as often.
fn keyless_order(wanted: &Attributes, part: &Part) -> Result<Option<VerifyWork>, Problem> {
    let order = super::design::order_of(wanted, part)?;
    Ok(order.map(|order| VerifyWork {
        api_key: None,
        ..order
    }))
}

/// The first part that its explorer does not know as verified.
async fn unverified(web: &Web, wanted: &Attributes, parts: &[&Part]) -> Option<String> {
    let asks = parts.iter().map(async |part| {
        let work = keyless_order(wanted, part).ok()??;
        match submit::ask_explorer(web, &work).await {
            KnownVerification::Unverified => {
                Some(format!("{} is not verified at {}", part.what(), work.api))
            }
            KnownVerification::Verified | KnownVerification::Silent(_) => None,
        }
    });
    join_all(asks).await.into_iter().flatten().next()
}

/// Whether explorers say of all parts that they are verified; where none is asked, the comparison is all there is.
async fn are_all_verified(web: &Web, wanted: &Attributes, parts: &[&Part]) -> bool {
    let asks = parts.iter().map(async |part| {
        let Ok(order) = keyless_order(wanted, part) else {
            return false;
        };
        let Some(work) = order else {
            return true;
        };
        matches!(
            submit::ask_explorer(web, &work).await,
            KnownVerification::Verified
        )
    });
    join_all(asks)
        .await
        .into_iter()
        .all(|is_verified| is_verified)
}

fn present(attributes: Attributes, outputs: Attributes) -> Observed {
    Observed::Present {
        attributes,
        outputs,
    }
}

fn unreachable(what: &str, error: RpcError) -> ProviderError {
    ProviderError::Unreachable {
        code: codes::UNREACHABLE,
        what: format!("the RPC that knows the code of {what}"),
        source: Some(Box::new(error)),
    }
}
