//! The local comparison: code on the chain against the compiler's.
//!
//! - Reads: code, and the slot of a proxy, in either space.
//! - Returns: a [`PartVerdict`] of one look; as a step, `local` when all parts are alike.
//! - Never: takes a node's silence, or code that is not there yet, for a difference.

use futures_util::future::join_all;
use pospool_conflux::hex::{hex_bytes, hex_text, hex_word};
use pospool_conflux::{ChainAddress, Space};
use pospool_conflux_rpc::{Call, CountingTransport, IMPLEMENTATION_SLOT, Rpc, RpcError};
use pospool_conflux_tx::{ChainRef, Pace, SAY_EVERY};
use pospool_model::provider::Progress;
use pospool_model::{Attributes, Code, Problem, ProviderError, Value};
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use super::compare::{self, Likeness};
use super::parts::{CompiledPart, Part, bytes_of};
use crate::codes;
use crate::work::{CheckCode, CheckedPart};

/// Code of a difference.
pub(super) const DIFFERS: Code = codes::CODE_DIFFERS;
/// So many looks in a row must find a difference: the nodes behind an endpoint are not equally far.
const LOOKS: u32 = 3;

/// Outputs of `local`.
pub(super) const EXACT: &str = "exact";
pub(super) const BUT_FOR_METADATA: &str = "the same but for the metadata";

/// What one look at a part found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PartVerdict {
    /// No code there.
    Absent,
    /// Alike; what immutables hold.
    Alike {
        exact: bool,
        immutables: Vec<String>,
    },
    /// Not alike, and how.
    Different(String),
}

impl CheckedPart {
    /// What must be seen of a part; `None` while its address is not known.
    pub(super) fn of(part: &Part) -> Option<Self> {
        Some(Self {
            what: part.what(),
            space: part.space,
            chain: part.chain.clone(),
            address: part.address.clone()?,
            points_at: part.points_at.clone(),
            name: part.compiled.name.clone(),
            runtime: Some(hex_text(&part.compiled.runtime)),
            immutables: part.compiled.holes.clone(),
        })
    }

    /// A contract that must have the code of a source.
    pub(crate) fn at(
        what: String,
        address: ChainAddress,
        chain: &ChainRef,
        code: &Value,
    ) -> Result<Self, Problem> {
        let compiled = CompiledPart::read(code)?;
        Ok(Self {
            what,
            space: address.space(),
            chain: chain.clone(),
            address: address.to_string(),
            points_at: None,
            name: compiled.name,
            runtime: Some(hex_text(&compiled.runtime)),
            immutables: compiled.holes,
        })
    }

    /// A proxy that must point at an implementation, whatever its own code is.
    pub(crate) fn pointing(
        what: String,
        proxy: ChainAddress,
        chain: &ChainRef,
        implementation: ChainAddress,
    ) -> Self {
        Self {
            what,
            space: proxy.space(),
            chain: chain.clone(),
            address: proxy.to_string(),
            points_at: Some(implementation.to_string()),
            name: String::new(),
            runtime: None,
            immutables: Vec::new(),
        }
    }
}

/// Looks once at each part, all at the same time.
pub(super) async fn look_at_code(
    link: &CountingTransport,
    parts: &[CheckedPart],
) -> Vec<Result<PartVerdict, RpcError>> {
    join_all(parts.iter().map(|part| look_at(link, part))).await
}

async fn look_at(link: &CountingTransport, part: &CheckedPart) -> Result<PartVerdict, RpcError> {
    let rpc = Rpc::over(link, &part.chain.endpoints)?;
    let (code, slot, tag) = match part.space {
        Space::Core => ("cfx_getCode", "cfx_getStorageAt", "latest_state"),
        Space::Espace => ("eth_getCode", "eth_getStorageAt", "latest"),
    };
    let calls = [
        Call {
            method: code,
            params: json!([part.address, tag]),
        },
        Call {
            method: slot,
            params: json!([part.address, IMPLEMENTATION_SLOT, tag]),
        },
    ];
    let mut answers = rpc.batch(&calls).await?.into_iter();
    let mut next = |method: &str| {
        let refused = |refusal| RpcError::Refused {
            method: method.to_owned(),
            refusal,
        };
        answers.next().unwrap_or(Ok(Json::Null)).map_err(refused)
    };
    let (code, slot) = (next(code)?, next(slot)?);
    let bytes = code.as_str().and_then(hex_bytes).unwrap_or_default();
    Ok(judge(part, &bytes, slot.as_str().and_then(hex_word)))
}

/// Compares one part with what the chain has there.
fn judge(part: &CheckedPart, chain: &[u8], slot: Option<[u8; 32]>) -> PartVerdict {
    if chain.is_empty() {
        return PartVerdict::Absent;
    }
    // Bytes that cannot be read are like no code; only a part that names none may have any.
    let compiled = match part.runtime.as_deref() {
        Some(runtime) => hex_bytes(runtime).unwrap_or_default(),
        None => chain.to_vec(),
    };
    let exact = match compare::compare_code(&compiled, &part.immutables, chain) {
        Likeness::Exact => true,
        Likeness::ButForMetadata => false,
        Likeness::Different { at, length } => {
            return PartVerdict::Different(format!(
                "the code of {} at {} differs from byte {at} on from what `{}` compiles to ({} bytes; the chain has {length})",
                part.what,
                part.address,
                part.name,
                compiled.len(),
            ));
        }
    };
    let wanted = part.points_at.as_deref().and_then(bytes_of);
    let found = slot.unwrap_or_default();
    if let Some(wanted) = wanted
        && found[12..] != wanted
    {
        return PartVerdict::Different(format!(
            "{} at {} points at {}, and not at {}",
            part.what,
            part.address,
            hex_text(&found[12..]),
            part.points_at.as_deref().unwrap_or_default()
        ));
    }
    let immutables = compare::filled_holes(&part.immutables, chain);
    PartVerdict::Alike { exact, immutables }
}

/// The value of the output `local` for parts that are all alike.
pub(super) fn local_word(exact: bool) -> Value {
    Value::from(if exact { EXACT } else { BUT_FOR_METADATA })
}

/// The step: waits until all code is there, then compares it.
pub(crate) async fn check_code(
    link: &CountingTransport,
    pace: Pace,
    work: &CheckCode,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    let started = Instant::now();
    let (mut said, mut differences): (Option<Instant>, u32) = (None, 0);
    loop {
        if progress.cancelled() {
            return Err(ProviderError::Cancelled);
        }
        let looks = look_at_code(link, &work.parts).await;
        let waits = match summary(&work.parts, looks) {
            Summary::Alike { exact, immutables } => {
                if !immutables.is_empty() {
                    progress.waiting(&immutables.join(", "));
                }
                return Ok(Attributes::from([("local".to_owned(), local_word(exact))]));
            }
            Summary::Different(what) => {
                differences += 1;
                if differences >= LOOKS || pace.wait.is_zero() {
                    let help = "name the source that it was made from, or find out who changed it";
                    return Err(ProviderError::refused(DIFFERS, format!("{what}; {help}")));
                }
                what
            }
            Summary::Waits(what) => {
                differences = 0;
                what
            }
        };
        if started.elapsed() >= pace.wait {
            let what = format!("{waits}; run apply again to go on");
            return Err(ProviderError::Converging { what });
        }
        if said.is_none_or(|said| said.elapsed() >= SAY_EVERY) {
            progress.waiting(&waits);
            said = Some(Instant::now());
        }
        tokio::time::sleep(pace.poll).await;
    }
}

/// What all looks together say.
enum Summary {
    Alike {
        exact: bool,
        immutables: Vec<String>,
    },
    Different(String),
    Waits(String),
}

fn summary(parts: &[CheckedPart], looks: Vec<Result<PartVerdict, RpcError>>) -> Summary {
    let (mut all_exact, mut told, mut waits) = (true, Vec::new(), None);
    for (part, look) in parts.iter().zip(looks) {
        match look {
            Ok(PartVerdict::Different(what)) => return Summary::Different(what),
            Ok(PartVerdict::Alike { exact, immutables }) => {
                all_exact &= exact;
                told.extend(immutables);
            }
            Ok(PartVerdict::Absent) => {
                waits = Some(format!("{} at {} has no code yet", part.what, part.address));
            }
            Err(error) => waits = Some(format!("{} cannot be looked at: {error}", part.what)),
        }
    }
    match waits {
        Some(what) => Summary::Waits(what),
        None => Summary::Alike {
            exact: all_exact,
            immutables: told,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pospool_rpcstub::{StubAnswer, StubNode};

    const PROXY: &str = "0x8585858585858585858585858585858585858585";
    const BEHIND: &str = "0x8686868686868686868686868686868686868686";

    fn part() -> CheckedPart {
        CheckedPart {
            what: "the proxy of `espace_contract.pool`".to_owned(),
            space: Space::Espace,
            chain: crate::bench::chain_ref(&[]),
            address: PROXY.to_owned(),
            points_at: Some(BEHIND.to_owned()),
            name: "a.sol:A".to_owned(),
            runtime: Some("0x600160026003".to_owned()),
            immutables: Vec::new(),
        }
    }

    fn slot(last: u8) -> [u8; 32] {
        let mut word = [0; 32];
        word[12..].fill(last);
        word
    }

    #[test]
    fn code_must_be_there_be_alike_and_point_to_its_implementation() {
        let code = [0x60, 1, 0x60, 2, 0x60, 3];
        let judged = |chain: &[u8], slot| judge(&part(), chain, slot);
        assert_eq!(judged(&[], Some(slot(0x86))), PartVerdict::Absent);
        let alike = PartVerdict::Alike {
            exact: true,
            immutables: Vec::new(),
        };
        assert_eq!(judged(&code, Some(slot(0x86))), alike);
        let words = |verdict| match verdict {
            PartVerdict::Different(words) => words,
            other => panic!("{other:?}"),
        };
        let elsewhere = words(judged(&code, Some(slot(0x87))));
        assert!(elsewhere.contains("points at 0x8787"), "{elsewhere}");
        assert!(words(judged(&code, None)).contains("points at 0x0000"));
        let other = words(judged(&[0x60, 1, 0x60, 9, 0x60, 3], Some(slot(0x86))));
        assert!(other.contains("differs from byte 3 on"), "{other}");
    }

    #[test]
    fn code_that_cannot_be_read_is_like_nothing() {
        let torn = CheckedPart {
            runtime: Some("0x6001zz".to_owned()),
            ..part()
        };
        let verdict = judge(&torn, &[0x60, 1], Some(slot(0x86)));
        assert!(matches!(verdict, PartVerdict::Different(_)), "{verdict:?}");
        let any = CheckedPart {
            runtime: None,
            ..part()
        };
        let verdict = judge(&any, &[0x60, 1], Some(slot(0x86)));
        assert!(matches!(verdict, PartVerdict::Alike { .. }), "{verdict:?}");
    }

    #[tokio::test]
    async fn a_refusal_of_the_node_is_no_difference() {
        let server =
            StubNode::start(|_, _| StubAnswer::refuse(-32000, "no such state", None)).await;
        let part = CheckedPart {
            chain: crate::bench::chain_ref(&[&server.url()]),
            ..part()
        };
        let looks = look_at_code(&CountingTransport::default(), std::slice::from_ref(&part)).await;
        let Summary::Waits(what) = summary(&[part], looks) else {
            panic!("it was taken for an answer");
        };
        assert!(what.contains("no such state"), "{what}");
    }
}
