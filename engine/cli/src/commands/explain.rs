//! `pospool explain`: kinds, functions, codes, and states of the doctor.
//!
//! - Reads: the tables of the providers, the engine and the doctor.
//! - Returns: what they say.
//! - Never: reads a file.

use pospool_model::KindSchema;
use pospool_model::diagnostic::did_you_mean;
use pospool_status::{find_state, states};

use crate::args::ExplainArgs;
use crate::catalogue::all_codes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::view::doctor::{format_state, format_state_list, states_to_json};
use crate::view::explain as view;

use super::Session;

/// Runs the command.
pub fn run_explain(session: &mut Session<'_, '_>, args: &ExplainArgs) -> Result<Exit, Failure> {
    let kinds: Vec<&'static KindSchema> = session.registry.schemas().collect();
    let codes = all_codes();
    let console = &mut *session.console;
    let (paint, json) = (console.out_paint, console.json);
    match args.topic.as_deref() {
        None if json => console.say_json(&view::kinds_json(&kinds))?,
        None => console.say(&view::format_kind_list(&kinds, paint))?,
        Some("functions") if json => console.say_json(&view::functions_json())?,
        Some("functions") => console.say(&view::format_functions(paint))?,
        Some("codes") if json => console.say_json(&view::codes_json(&codes))?,
        Some("codes") => console.say(&view::format_code_list(&codes, paint))?,
        Some("exits") if json => console.say_json(&view::exits_json())?,
        Some("exits") => console.say(&view::format_exit_codes(paint))?,
        Some("states") if json => console.say_json(&states_to_json(states()))?,
        Some("states") => console.say(&format_state_list(states(), paint))?,
        Some(topic) if find_state(topic).is_some() => {
            let state = find_state(topic).into_iter();
            if json {
                console.say_json(&states_to_json(state))?;
            } else {
                let text: String = state.map(|state| format_state(state, paint)).collect();
                console.say(&text)?;
            }
        }
        Some(topic) => {
            let schema = kinds.iter().find(|schema| schema.kind == topic);
            match (schema, codes.get_key_value(topic)) {
                (Some(schema), _) if json => console.say_json(&view::kinds_json(&[schema]))?,
                (Some(schema), _) => console.say(&view::format_kind(schema, paint))?,
                (None, Some((name, code))) if json => {
                    console.say_json(&view::codes_json(&[(*name, *code)].into()))?;
                }
                (None, Some((_, code))) => console.say(&view::format_code(*code, paint))?,
                (None, None) => {
                    let names = kinds.iter().map(|schema| schema.kind);
                    let names = names
                        .chain(codes.keys().copied())
                        .chain(states().map(|state| state.id))
                        .chain(["functions", "codes", "exits", "states"]);
                    return Err(Failure::NoTopic {
                        topic: topic.to_owned(),
                        meant: did_you_mean(topic, names).map(ToOwned::to_owned),
                    });
                }
            }
        }
    }
    Ok(Exit::Done)
}
