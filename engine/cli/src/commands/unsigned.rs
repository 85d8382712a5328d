//! Calls that somebody signs elsewhere, as files.
//!
//! - Reads: what a run waits for.
//! - Does: writes `calls.json` and `calls.txt` of a folder.
//! - Never: replaces a file that is not its own, or writes a call before what it needs has ended.

use std::path::{Path, PathBuf};

use pospool_engine::apply::Outcome;
use pospool_engine::observe::SeenResources;
use pospool_engine::registry::Registry;
use pospool_engine::store::{Mark, refuse_foreign_place, replace_own_file};
use pospool_model::plan::{EffectId, Plan};
use pospool_model::state::State;
use pospool_model::{Address, Attributes, Value};
use serde::Serialize;

use crate::failure::Failure;
use crate::view;
use crate::view::unsigned::{AddressNames, WaitingCall};

const JSON_MARK: Mark = "{\"format\":\"pospool-unsigned\"";

#[derive(Serialize)]
struct CallFile<'a> {
    format: &'static str,
    version: u64,
    calls: &'a [WaitingCall],
}

fn places(folder: &Path) -> [(PathBuf, Mark); 2] {
    [
        (folder.join("calls.json"), JSON_MARK),
        (folder.join("calls.txt"), view::unsigned::MARK),
    ]
}

/// Refuses a folder in which other files have these names, before anything is done; and empties ours, so that nobody signs
/// what an earlier run waited for, however this one ends.
pub(super) fn begin_folder(folder: &Path) -> Result<(), Failure> {
    for (path, mark) in places(folder) {
        refuse_foreign_place(&path, mark)?;
    }
    write(folder, &[], &AddressNames::new())
}

/// Writes the calls that a run waits for; returns how many.
pub(super) fn write_calls(
    folder: &Path,
    plan: &Plan,
    outcome: &Outcome,
    registry: &Registry,
    names: &AddressNames,
) -> Result<usize, Failure> {
    let waiting = outcome.converging.iter();
    let calls: Vec<WaitingCall> = waiting
        .filter_map(|(id, _)| find_call(id, plan, registry))
        .collect();
    write(folder, &calls, names)?;
    Ok(calls.len())
}

fn write(folder: &Path, calls: &[WaitingCall], names: &AddressNames) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(Failure::of_file("make", folder))?;
    let file = CallFile {
        format: "pospool-unsigned",
        version: 1,
        calls,
    };
    let json = serde_json::to_vec(&file).expect("plain data with text keys always has a JSON form");
    let text = view::unsigned::format_calls(calls, names);
    let [(json_path, json_mark), (text_path, text_mark)] = places(folder);
    replace_own_file(&json_path, &json, json_mark)?;
    replace_own_file(&text_path, text.as_bytes(), text_mark)?;
    Ok(())
}

/// Outputs that are somewhere on a chain, the plainest last: a name is that of the last one.
const PLACES: [&str; 3] = ["implementation", "espace_address", "address"];

/// What the spec calls each address that was seen or is recorded. The words of the spec itself, which no state can change,
/// come last.
pub(super) fn name_addresses(seen: &SeenResources, state: &State) -> AddressNames {
    let recorded = state.resources.iter().map(|(name, it)| (name, &it.outputs));
    let all: Vec<(&Address, &Attributes)> = recorded.chain(&seen.given).collect();
    let mut names = AddressNames::new();
    for place in PLACES {
        for (resource, outputs) in &all {
            let Some(Value::Text(address)) = outputs.get(place) else {
                continue;
            };
            let name = match place {
                "implementation" => format!("{resource}.{place}"),
                _ => resource.to_string(),
            };
            names.insert(address.clone(), name);
        }
    }
    names
}

fn find_call(id: &EffectId, plan: &Plan, registry: &Registry) -> Option<WaitingCall> {
    let step = plan.steps.iter().find(|step| step.address == id.address)?;
    let effect = step.effects.iter().find(|effect| effect.name == id.name)?;
    let call = registry
        .by_name(&effect.provider)?
        .unsigned_call(&effect.payload)?;
    Some(WaitingCall {
        effect: id.to_string(),
        summary: effect.summary.clone(),
        call,
    })
}
