//! Calls that somebody signs elsewhere, as text.

use std::fmt::Write as _;
use std::path::Path;

use pospool_model::provider::UnsignedCall;
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

/// The calls for a person with a wallet.
#[must_use]
pub fn format_calls(calls: &[WaitingCall]) -> String {
    let mut text = format!("{MARK}\n");
    for (nth, waiting) in calls.iter().enumerate() {
        let call = &waiting.call;
        let _ = write!(
            text,
            "\n{}. {}: {}\n   chain id {} ({})\n   from  {}\n   to    {}\n   value {} drip\n   data  {}\n",
            nth + 1,
            waiting.effect,
            waiting.summary,
            call.chain_id,
            call.space,
            call.from,
            call.to,
            call.value_drip,
            call.data
        );
    }
    if calls.is_empty() {
        text.push_str("\nnone\n");
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
