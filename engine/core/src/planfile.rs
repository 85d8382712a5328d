//! A saved plan: written by `plan --out`, carried out by `apply FILE`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pospool_model::Value;
use pospool_model::endpoint::any_key_in;
use pospool_model::plan::Plan;
use serde::{Deserialize, Serialize};

use crate::store::{
    Mark, StateKey, StoreError, VERSION, check_groups, open_plan, parse_form, read_bounded,
    refuse_foreign_place, replace_own_file, seal_plan,
};

/// How a plan file begins.
const MARK: Mark = "{\"format\":\"pospool-plan\"";

/// Most bytes of a plan that are read.
const MAX_BYTES: u64 = 256 << 20;

/// The plan file.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PlanFile {
    /// Always `pospool-plan`.
    pub format: String,
    /// Version of this form.
    pub version: u64,
    /// Version of pospool that made it: no other one carries it out.
    #[serde(default)]
    pub made_by: String,
    /// The plan itself.
    pub plan: Plan,
    /// Values of the spec's variables that it was made with; a variable is never a secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, Value>,
    /// Variables whose values are not kept, since a URL in them may hold a key: they are given again.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub withheld: BTreeSet<String>,
}

impl PlanFile {
    /// The file of a plan that was made with these variables.
    #[must_use]
    pub fn new(plan: Plan, variables: BTreeMap<String, Value>) -> Self {
        let (withheld, variables): (BTreeMap<_, _>, _) = variables
            .into_iter()
            .partition(|(_, value)| any_key_in(&value.to_string()));
        Self {
            format: "pospool-plan".to_owned(),
            version: VERSION,
            made_by: this_version().to_owned(),
            plan,
            variables,
            withheld: withheld.into_keys().collect(),
        }
    }
}

/// Version of this program.
#[must_use]
pub const fn this_version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// Refuses a place for a plan where something else is.
pub fn check_place(path: &Path) -> Result<(), StoreError> {
    refuse_foreign_place(path, MARK).map(|_| ())
}

/// Writes a plan; the file is private to its owner.
pub fn save_plan(path: &Path, file: &PlanFile, key: Option<&StateKey>) -> Result<(), StoreError> {
    let text = serde_json::to_vec(file).map_err(|source| StoreError::Encode { source })?;
    let text = seal_plan(text, key)?;
    replace_own_file(path, &text, MARK)
}

/// Reads a plan that [`save_plan`] wrote.
pub fn load_plan(path: &Path, key: Option<&StateKey>) -> Result<PlanFile, StoreError> {
    let Some(bytes) = read_bounded(path, MAX_BYTES)? else {
        return Err(StoreError::Io {
            verb: "read",
            path: path.to_owned(),
            source: std::io::Error::from(std::io::ErrorKind::NotFound),
        });
    };
    decode_plan(path, &open_plan(path, &bytes, key)?)
}

/// Reads the bytes of a plan file; `name` is for messages.
pub fn decode_plan(name: &Path, bytes: &[u8]) -> Result<PlanFile, StoreError> {
    let file: PlanFile = parse_form(name, bytes, "pospool-plan", VERSION)?;
    let records = file
        .plan
        .steps
        .iter()
        .filter_map(|step| step.record.as_ref());
    check_groups(
        name,
        records.flat_map(|record| &record.depends_on),
        &file.plan.groups,
    )?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_saved_vars_a_value_that_may_hold_a_key_is_named_and_not_kept() {
        let text = |text: &str| Value::List(vec![Value::from(text)]);
        let variables = BTreeMap::from([
            ("n".to_owned(), Value::Integer(7)),
            (
                "rpc".to_owned(),
                text("https://rpc.example/v1/0a1b2c3d4e5f60718293"),
            ),
        ]);
        let file = PlanFile::new(Plan::default(), variables);
        let bytes = serde_json::to_vec(&file).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("0a1b2c"));
        let read = decode_plan(Path::new("p"), &bytes).unwrap();
        assert!(read.variables.keys().eq(["n"]) && read.withheld.iter().eq(["rpc"]));
        assert_eq!(read.made_by, this_version());
    }
}
