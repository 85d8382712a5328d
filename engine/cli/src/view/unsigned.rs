//! Calls that somebody signs elsewhere, as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use pospool_model::provider::UnsignedCall;
use pospool_model::shown::clean_line;
use serde::Serialize;

use crate::view::format_count;

/// How the text begins.
pub const MARK: &str = "Calls to be signed elsewhere, for `pospool apply`";

/// A call with what it is for.
#[derive(Debug, Serialize)]
pub struct WaitingCall {
    /// Which effect waits for it.
    pub effect: String,
    /// What it does.
    pub summary: String,
    /// The call.
    #[serde(flatten)]
    pub call: UnsignedCall,
}

/// What the spec calls an address, by the address.
pub type AddressNames = BTreeMap<String, String>;

/// The calls for a person with a wallet.
#[must_use]
pub fn format_calls(calls: &[WaitingCall], names: &AddressNames) -> String {
    let say = |address: &str| match names.get(address) {
        Some(name) => format!("{address} ({name})"),
        None => address.to_owned(),
    };
    let mut text = format!("{MARK}\n");
    for (nth, waiting) in calls.iter().enumerate() {
        let call = &waiting.call;
        let _ = write!(
            text,
            "\n{}. {}: {}\n   chain id {} ({})\n   from  {}\n   to    {}\n   value {} drip\n",
            nth + 1,
            waiting.effect,
            waiting.summary,
            call.chain_id,
            call.space,
            say(&call.from),
            say(&call.to),
            call.value_drip,
        );
        text += &format_function(call, &say);
        let _ = writeln!(text, "   data  {}", call.data);
    }
    if calls.is_empty() {
        text.push_str("\nnone\n");
    }
    text
}

/// The function that is called and each of its arguments on a line of its own, to be compared with what a wallet shows.
fn format_function(call: &UnsignedCall, say: &dyn Fn(&str) -> String) -> String {
    let Some(function) = &call.function else {
        return "   calls a function that pospool has no words for: have somebody read the data\n"
            .to_owned();
    };
    let mut text = format!("   calls {function}\n");
    for argument in &call.arguments {
        let value = match argument.kind.as_str() {
            "string" => format!("\"{}\"", clean_line(&argument.value)),
            _ => say(&argument.value),
        };
        let words = match &argument.words {
            Some(words) => format!(", that is {words}"),
            None => String::new(),
        };
        let _ = writeln!(text, "         {} {value}{words}", argument.kind);
    }
    text
}

/// What `apply --unsigned` says at its end.
#[must_use]
pub fn format_written(calls: usize, folder: &Path) -> String {
    let calls = format_count(calls, "call", "calls");
    format!(
        "{calls} to be signed elsewhere, in `{}`: when that is done, run `pospool apply` again\n",
        folder.display()
    )
}
