//! What is to be taken up, and where it is.
//!
//! - Reads: the spec, the state, and the outside, again and again until a look finds nothing more: where one contract is may be
//!   an argument of another one.
//! - Returns: the spec with the lines that it gets, and the plan that it gives.
//! - Never: changes anything.

use std::collections::{BTreeMap, BTreeSet};

use pospool_engine::blocked::Blocked;
use pospool_engine::plan::Options;
use pospool_engine::plan::{self, PlannedChanges};
use pospool_engine::resolve;
use pospool_lang::spec::{SourceFile, add_line};
use pospool_model::plan::{Action, Plan};
use pospool_model::provider::EarlierSign;
use pospool_model::state::State;
use pospool_model::{Address, Diagnostic, Role, Value};

use crate::args::TakeUpArgs;
use crate::commands::Session;
use crate::commands::pipeline::{self, PlannedSpec, Spec};
use crate::failure::{Failure, ImportFailure};
use crate::view;

/// The attribute that says where something is.
const ADDRESS: &str = "address";
/// Most looks of one search: each of them must have found something.
const LOOKS: usize = 16;

/// What a search found.
pub(super) struct Search {
    /// The spec with its new lines.
    pub(super) spec: Spec,
    /// The state with everything that is taken up.
    pub(super) state: State,
    /// The text of the spec, if it has new lines.
    pub(super) text: Option<String>,
    /// What these say.
    pub(super) places: Vec<(Address, String)>,
    /// The steps that take it up.
    pub(super) taken: PlannedSpec,
    /// What was not found: the next apply would make it.
    pub(super) missing: Vec<Address>,
}

/// Searches for what the user names, or for all that is there.
pub(super) async fn search(
    session: &mut Session<'_, '_>,
    args: &TakeUpArgs,
    file: &SourceFile,
    state: &State,
) -> Result<Search, Failure> {
    let mut places = read_named(args, state)?;
    let original = read(session, args, file.clone())?;
    let mut state = pipeline::move_resources(&original, state, session.registry)?.state;
    let (mut looks, mut steps) = (0, Vec::new());
    let mut warnings: Vec<Diagnostic> = Vec::new();
    loop {
        let edited = add_places(session, &original, file, &places)?;
        let spec = read(session, args, edited.clone())?;
        let registry = session.registry;
        let nothing = Blocked::default();
        let seen = pipeline::refresh_resources(&spec, &state, registry, nothing).await?;
        looks += 1;
        if !args.scan && looks == 1 {
            refuse_part(&seen.earlier, &state)?;
        }
        let is_learning = args.scan && looks < LOOKS;
        if is_learning && learn(args, &seen.earlier, &mut places, &mut state)? {
            continue;
        }
        let options = Options::default();
        let PlannedChanges {
            plan,
            refusals,
            faults,
        } = plan::plan_changes(&spec.config, &state, &seen, registry, &options);
        let more = plan::find_takeable(&plan, &seen, args.address.as_ref().filter(|_| !args.scan));
        // Of what is known by the next look nothing is said any more.
        for warning in &seen.warnings {
            if !warnings.contains(warning) {
                warnings.push(warning.clone());
            }
        }
        let is_last = more.is_empty() || looks >= LOOKS || !refusals.is_empty();
        if !is_last {
            // What is known then shows more, such as whose key is registered.
            plan::record_taken(&more, &plan, &seen, &mut state);
            steps.extend(more);
            continue;
        }
        let mut problems = refusals;
        problems.extend(warnings);
        let missing = find_missing(&plan);
        return Ok(Search {
            text: (edited.text != file.text).then_some(edited.text),
            places: places.into_iter().collect(),
            spec,
            state,
            taken: PlannedSpec {
                plan: Plan { steps, ..plan },
                seen,
                problems,
                faults,
                destroy: false,
            },
            missing,
        });
    }
}

/// What a plan would make.
fn find_missing(plan: &Plan) -> Vec<Address> {
    let made = plan.steps.iter();
    let made = made.filter(|step| step.action == Action::Create);
    made.map(|step| step.address.clone()).collect()
}

/// What the user names; what the state knows is refused.
fn read_named(
    args: &TakeUpArgs,
    state: &State,
) -> Result<BTreeMap<Address, String>, ImportFailure> {
    let named = args.address.as_ref().zip(args.place.as_ref());
    match named {
        Some((address, _)) if state.resources.contains_key(address) => {
            Err(ImportFailure::Known(address.clone()))
        }
        named => Ok(named
            .into_iter()
            .map(|(address, place)| (address.clone(), place.clone()))
            .collect()),
    }
}

fn read(session: &Session<'_, '_>, args: &TakeUpArgs, file: SourceFile) -> Result<Spec, Failure> {
    pipeline::decode(session, &args.variables, &BTreeMap::new(), file)
}

/// The spec with a line for each place.
fn add_places(
    session: &Session<'_, '_>,
    spec: &Spec,
    file: &SourceFile,
    places: &BTreeMap<Address, String>,
) -> Result<SourceFile, Failure> {
    let wanted = resolve::resolve_first(&spec.config, session.registry);
    let mut lines = Vec::new();
    for (address, place) in places {
        let block = spec.config.get(address);
        let block = block.ok_or_else(|| ImportFailure::NoBlock(address.clone()))?;
        if block.schema.role != Role::Managed || block.schema.attribute(ADDRESS).is_none() {
            return Err(ImportFailure::NoPlace(address.clone()).into());
        }
        let said = wanted.get(address).and_then(|it| it.get(ADDRESS));
        let is_said = |said: &str| said.eq_ignore_ascii_case(place);
        if !said.and_then(Value::as_text).is_some_and(is_said) {
            // An attribute has a place of its own.
            if spec.config.span_of(address, &[ADDRESS.to_owned()]) != block.span {
                let (address, place) = (address.clone(), place.clone());
                return Err(ImportFailure::Said { address, place }.into());
            }
            let line = format!("{ADDRESS} = {}", view::template::quoted(place));
            lines.push((block.span.bytes.clone(), address, line));
        }
    }
    // From the end on, so that the places of the others stay.
    lines.sort_by_key(|(header, ..)| std::cmp::Reverse(header.start));
    let mut text = file.text.clone();
    for (header, address, line) in lines {
        text = add_line(&text, &header, &line).ok_or_else(|| ImportFailure::OneLine {
            address: address.clone(),
            line: format!("`{line}`"),
        })?;
    }
    Ok(SourceFile::new(&file.name, text))
}

/// A state that knows one of many things is no new one any more: an apply would make the others a second time, and not be refused.
fn refuse_part(signs: &[EarlierSign], state: &State) -> Result<(), ImportFailure> {
    if signs.is_empty() || !state.resources.is_empty() {
        return Ok(());
    }
    let more = signs.iter();
    let more = more.map(|sign| format!("`{}`: {}", sign.address, sign.what));
    Err(ImportFailure::More(more.collect()))
}

/// Takes over what a look says of another state; whether that is something new.
fn learn(
    args: &TakeUpArgs,
    signs: &[EarlierSign],
    places: &mut BTreeMap<Address, String>,
    state: &mut State,
) -> Result<bool, ImportFailure> {
    let named = args.lineage.as_deref();
    let mut is_new = false;
    // A state with resources keeps its name, and so does one that was given its name by an earlier look.
    let is_named = named.is_some_and(|named| state.lineage.starts_with(named));
    if state.resources.is_empty() && !is_named {
        let lineage = choose_lineage(named, signs)?;
        if let Some(lineage) = lineage.filter(|it| **it != state.lineage) {
            state.lineage.clone_from(lineage);
            is_new = true;
        }
    }
    let mut found: BTreeMap<&Address, BTreeSet<&str>> = BTreeMap::new();
    for sign in signs {
        if let Some(place) = &sign.place {
            found.entry(&sign.address).or_default().insert(place);
        }
    }
    for (address, at) in found {
        if places.contains_key(address) {
            continue;
        }
        if at.len() > 1 {
            return Err(ImportFailure::Ambiguous {
                address: address.clone(),
                places: at.into_iter().map(str::to_owned).collect(),
            });
        }
        for place in at {
            places.insert(address.clone(), place.to_owned());
            is_new = true;
        }
    }
    Ok(is_new)
}

fn choose_lineage<'a>(
    named: Option<&str>,
    signs: &'a [EarlierSign],
) -> Result<Option<&'a String>, ImportFailure> {
    let all: BTreeSet<&String> = signs.iter().filter_map(|it| it.lineage.as_ref()).collect();
    let known = || all.iter().map(|lineage| (*lineage).clone()).collect();
    let mut fitting = all
        .iter()
        .filter(|it| named.is_none_or(|named| it.starts_with(named)));
    match (fitting.next(), fitting.next(), named) {
        (Some(one), None, _) => Ok(Some(one)),
        (None, _, Some(named)) if !all.is_empty() => Err(ImportFailure::NoLineage {
            named: named.to_owned(),
            known: known(),
        }),
        (None, ..) => Ok(None),
        (Some(_), Some(_), _) => Err(ImportFailure::Lineages(known())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Variables;

    fn sign(address: &str, lineage: Option<&str>, place: Option<&str>) -> EarlierSign {
        EarlierSign {
            address: address.parse().unwrap(),
            what: String::new(),
            lineage: lineage.map(str::to_owned),
            place: place.map(str::to_owned),
        }
    }

    fn args(lineage: Option<&str>) -> TakeUpArgs {
        TakeUpArgs {
            address: None,
            place: None,
            scan: true,
            lineage: lineage.map(str::to_owned),
            from: Vec::new(),
            network: None,
            core_rpc: None,
            espace_rpc: None,
            source: None,
            auto_approve: true,
            variables: Variables::default(),
        }
    }

    #[test]
    fn two_that_may_be_meant_are_not_chosen_from() {
        let learn = |signs: &[EarlierSign], named| {
            let (mut places, mut state) = (BTreeMap::new(), State::default());
            let learned = learn(&args(named), signs, &mut places, &mut state);
            learned.map(|is_new| (is_new, state.lineage, places.len()))
        };
        let two = [
            sign("node.a", Some("11aa"), None),
            sign("volume.a", Some("22bb"), None),
        ];
        assert!(
            matches!(learn(&two, None), Err(ImportFailure::Lineages(known)) if known.len() == 2)
        );
        assert_eq!(
            learn(&two, Some("22")).unwrap(),
            (true, "22bb".to_owned(), 0)
        );
        assert!(matches!(
            learn(&two, Some("33")),
            Err(ImportFailure::NoLineage { .. })
        ));
        let places = [
            sign("core_contract.a", None, Some("x")),
            sign("core_contract.a", None, Some("y")),
        ];
        assert!(matches!(
            learn(&places, None),
            Err(ImportFailure::Ambiguous { .. })
        ));
        assert_eq!(learn(&places[..1], None).unwrap(), (true, String::new(), 1));
        assert_eq!(learn(&[], Some("33")).unwrap(), (false, String::new(), 0));
        // The next look finds the other one alone: things of ours are no sign any more.
        let mut state = State {
            lineage: "22bb".to_owned(),
            ..State::default()
        };
        let again = super::learn(
            &args(Some("22")),
            &two[..1],
            &mut BTreeMap::new(),
            &mut state,
        );
        assert!(!again.unwrap());
        assert_eq!(state.lineage, "22bb");
    }

    #[test]
    fn a_state_with_resources_keeps_its_lineage() {
        let mut state = State {
            lineage: "ours".to_owned(),
            ..State::default()
        };
        let node = "node.b".parse().unwrap();
        state
            .resources
            .insert(node, pospool_model::state::Recorded::default());
        let signs = [sign("node.a", Some("theirs"), None)];
        let learned = learn(&args(None), &signs, &mut BTreeMap::new(), &mut state);
        assert!(!learned.unwrap());
        assert_eq!(state.lineage, "ours");
    }
}
