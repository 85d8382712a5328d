//! Every code that several crates can show, with what it means and what to do.
//!
//! - Reads: nothing.
//! - Returns: one constant for each code, and all of them as a table.
//! - Never: lets a code be shown that is not explained, since nothing else makes a `Code`.

crate::codes! {
    APPLY_CANCELLED = "apply/cancelled",
        "The user asked to stop, while an effect was waited for or before the plan was made; no new effect is begun.",
        "Run `pospool apply` again: it goes on with what was begun.";
    APPLY_CONVERGING = "apply/converging",
        "An effect was still in progress when the time of `--wait` expired.",
        "Run `pospool apply` again to go on waiting, or give more time with `--wait`.";
}
