//! Whether the key of a node would survive its host, in the words of a plan.
//!
//! - Reads: what the state says of bundles and drills, and which keys are registered.
//! - Returns: advice, each with a code of its own.
//! - Never: speaks of a key that no pool depends on, or stops anything.

use std::time::{Duration, SystemTime};

use pospool_model::provider::{ObserveContext, Target};
use pospool_model::{Attributes, Problem, Value};

use crate::attributes::attribute_text;
use crate::codes;
use crate::exclusive::find_registration;

/// What `pospool key backup` and `pospool key drill` note at a node.
const BACKUP: &str = "key_backup";
const DRILL: &str = "key_drill";
/// A drill that is older proves little: a medium, a secret or a person may be gone.
const MONTH: Duration = Duration::from_hours(31 * 24);

/// What there is to say of a node's key.
pub(crate) fn backup_warnings(
    target: &Target<'_>,
    scene: &ObserveContext<'_>,
    now: SystemTime,
) -> Vec<Problem> {
    let Some(recorded) = target.recorded else {
        return Vec::new();
    };
    let Some(key) = attribute_text(&recorded.outputs, "pos_address") else {
        return Vec::new();
    };
    if find_registration(scene.outputs, key).is_none() {
        return Vec::new();
    }
    let node = target.address;
    let noted = |name: &str| noted_time(&recorded.outputs, name, key);
    if noted(BACKUP).is_none() {
        let what = format!(
            "no bundle of the registered PoS key {key} was made: without its volume it is lost for ever"
        );
        let help = format!("`pospool key backup {node} --to FILE --recipient age1…`");
        return vec![Problem::new(codes::NO_BACKUP, &[], what).help(help)];
    }
    let what = match noted(DRILL) {
        None => "was never opened to see whether it would help".to_owned(),
        Some(at) => match now.duration_since(at) {
            Ok(age) if age > MONTH => {
                let days = age.as_secs() / (24 * 3600);
                format!("was last opened {days} days ago to see whether it would help")
            }
            _ => return Vec::new(),
        },
    };
    let what = format!("the bundle of the registered PoS key {key} {what}");
    let help = "`pospool key drill FILE --identity file:PATH`, where its secret is";
    vec![Problem::new(codes::OLD_DRILL, &[], what).help(help)]
}

/// How long ago a bundle of a key was made, and how long ago one was opened to see whether it helps.
pub(crate) fn key_note_ages(
    outputs: &Attributes,
    key: &str,
    now: SystemTime,
) -> (Option<Duration>, Option<Duration>) {
    let age = |name| {
        let at = noted_time(outputs, name, key)?;
        Some(now.duration_since(at).unwrap_or_default())
    };
    (age(BACKUP), age(DRILL))
}

/// When something was noted about this very key. What cannot be read was not noted.
fn noted_time(outputs: &Attributes, name: &str, key: &str) -> Option<SystemTime> {
    let note = outputs.get(name)?.as_map()?;
    let about = note.get("pos_address").and_then(Value::as_text);
    let at = note.get("at").and_then(Value::as_text)?;
    let at = humantime::parse_rfc3339(at).ok()?;
    (about == Some(key)).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pospool_model::Address;
    use pospool_model::state::Recorded;
    use std::collections::{BTreeMap, BTreeSet};

    fn note(at: &str, key: &str) -> Value {
        let note = [("at", at), ("pos_address", key)];
        Value::Map(
            note.map(|(name, text)| (name.to_owned(), text.into()))
                .into(),
        )
    }

    /// The codes of a node with the key 0xab whose outputs say this as well, on 29 November 2026.
    fn codes_of(noted: &[(&str, Value)], registered: &str) -> Vec<pospool_model::Code> {
        let address: Address = "node.main".parse().unwrap();
        let mut outputs = Attributes::from([("pos_address".to_owned(), "0xab".into())]);
        let noted = noted.iter();
        outputs.extend(noted.map(|(name, value)| ((*name).to_owned(), value.clone())));
        let recorded = Recorded {
            outputs,
            ..Recorded::default()
        };
        let (wanted, used) = (BTreeMap::new(), BTreeSet::new());
        let bond = Attributes::from([("pos_address".to_owned(), registered.into())]);
        let outputs = BTreeMap::from([("pos_registration.main".parse().unwrap(), bond)]);
        let target = Target {
            address: &address,
            wanted: None,
            recorded: Some(&recorded),
            used: &used,
        };
        let scene = ObserveContext {
            lineage: "l",
            accounts: &BTreeMap::new(),
            wanted: &wanted,
            outputs: &outputs,
        };
        let now = humantime::parse_rfc3339("2026-11-29T12:00:00Z").unwrap();
        let warnings = backup_warnings(&target, &scene, now);
        warnings.iter().map(|warning| warning.code).collect()
    }

    #[test]
    fn case_backup_a_registered_key_without_a_bundle_is_said() {
        assert_eq!(codes_of(&[], "0xab"), [codes::NO_BACKUP]);
        assert!(codes_of(&[], "0xcd").is_empty(), "no pool depends on it");
        // Of the key that the node had before, or written by hand.
        let other = note("2026-11-29T11:00:00Z", "0xcd");
        for wrong in [
            other,
            note("yesterday", "0xab"),
            Value::from("x"),
            Value::Null,
        ] {
            assert_eq!(codes_of(&[(BACKUP, wrong)], "0xab"), [codes::NO_BACKUP]);
        }
    }

    #[test]
    fn case_backup_a_drill_that_is_older_than_a_month_is_said() {
        let with = |drill: &str| {
            let made = note("2026-01-01T00:00:00Z", "0xab");
            codes_of(&[(BACKUP, made), (DRILL, note(drill, "0xab"))], "0xab")
        };
        assert!(with("2026-10-29T12:00:00Z").is_empty());
        assert_eq!(with("2026-10-29T11:59:59Z"), [codes::OLD_DRILL]);
        assert!(
            with("2026-12-24T00:00:00Z").is_empty(),
            "a clock that was ahead"
        );
        let made = note("2026-11-29T11:00:00Z", "0xab");
        assert_eq!(codes_of(&[(BACKUP, made)], "0xab"), [codes::OLD_DRILL]);
    }
}
