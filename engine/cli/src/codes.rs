//! Explanations of stable codes.
//!
//! - Reads: the tables of every crate.
//! - Returns: code and explanation, sorted by code.
//! - Never: explains a code twice: the table next to the code's maker wins.

use std::collections::BTreeMap;

use crate::wiring;

/// Codes of the stages of the engine that have no table of their own, and of this program.
const OWN: &[(&str, &str)] = &[
    (
        "apply/cancelled",
        "The user asked to stop while an effect was waited for. The next apply goes on with it.",
    ),
    (
        "apply/converging",
        "An effect goes on outside, and --wait is over. The next apply goes on waiting.",
    ),
    (
        "apply/missing-output",
        "An effect needs an output of another resource that its steps did not leave behind. Plan again; if it stays, it is a defect of the provider.",
    ),
    (
        "apply/not-journalled",
        "Another form of an effect, such as a higher price of gas, could not be written down, and so it was not sent.",
    ),
    (
        "apply/unknown-provider",
        "A plan or a journal names a provider that this build of pospool does not have. Use the build that made it.",
    ),
    (
        "apply/unsettled",
        "An earlier run left effects open, and what came of them cannot be found out now. Nothing new may begin before that, as it could happen twice.",
    ),
    (
        "check/amount-overflow",
        "The costs of a plan are too large to add.",
    ),
    (
        "check/insufficient-funds",
        "An account has less money than the whole plan may need. Nothing is begun that the money does not cover to its end.",
    ),
    (
        "check/other-chain",
        "A chain answers with another identity (chain ids, genesis) than the one that the state was made on.",
    ),
    (
        "cli/bad-answer",
        "An answer or a flag of `pospool init` cannot be what is meant.",
    ),
    (
        "cli/declined",
        "The plan was not approved with `yes`. Nothing was changed.",
    ),
    (
        "cli/environment",
        "A variable of the environment, such as POSPOOL_LEASE, is not what it should be.",
    ),
    (
        "cli/exists",
        "`pospool init` and `pospool render --out` never overwrite a file.",
    ),
    (
        "cli/file",
        "A file cannot be read or written; the cause is what the operating system said.",
    ),
    (
        "cli/missing-answer",
        "`pospool init` needs an answer that has no default, and there is no terminal to ask on.",
    ),
    (
        "cli/no-service",
        "`pospool sync` serves a `bridge_service`, and the spec has none.",
    ),
    ("cli/no-spec", "The file that --spec names is not there."),
    (
        "cli/no-topic",
        "`pospool explain` knows neither a kind nor a code of this name.",
    ),
    (
        "cli/nobody-to-ask",
        "There are changes to approve, and input or messages are not on a terminal. Without --auto-approve nothing is changed then.",
    ),
    (
        "cli/not-a-service",
        "`pospool sync` approves its plans itself, so its spec may hold a chain, accounts and services, and nothing else.",
    ),
    (
        "cli/not-recorded",
        "A name given with --delete is not in the state.",
    ),
    (
        "cli/nothing-to-render",
        "`pospool render` was asked for a resource that is not in the spec, or for one that puts no file into a container.",
    ),
    (
        "cli/stream",
        "The result could not be written, or an answer could not be read.",
    ),
    (
        "cli/system",
        "The operating system refused something that pospool needs to run.",
    ),
    (
        "plan/fixed-attribute",
        "An attribute differs that cannot be changed once the object exists.",
    ),
    (
        "plan/irreversible",
        "A step cannot be undone, and the spec does not accept that with `lifecycle { irreversible = \"accept\" }`.",
    ),
    (
        "plan/protected",
        "A resource with `prevent_destroy = true` would be taken down.",
    ),
    (
        "plan/stale",
        "A saved plan was made from another spec, state or outside than those that are there now. Make a new one.",
    ),
    (
        "plan/unsettled",
        "Resources name each other inside of their settings, and the identity of one of them moves with every round of planning. Take it out of the settings, apply, and put it back.",
    ),
    (
        "record/no-effect",
        "A plan names an effect of a `record`, which has none. The plan was not made by this build.",
    ),
    (
        "record/secret",
        "A `record` keeps its value in the state, and a secret is never written there. Name the secret where it is used.",
    ),
    (
        "spec/problems",
        "The spec has problems, each of which is shown with its own code.",
    ),
    (
        "state/damaged",
        "A state or a saved plan is not what its version promises. Restore it from a backup.",
    ),
    (
        "state/empty",
        "The state file is empty. It is never read as a new state, since that would make everything a second time.",
    ),
    (
        "state/encode",
        "The state could not be written as JSON. Nothing was written.",
    ),
    (
        "state/foreign",
        "The file is not a state or plan of pospool.",
    ),
    (
        "state/forked",
        "The file that `state push` was given and the state have the same serial and are different versions: two copies went different ways.",
    ),
    (
        "state/io",
        "The operating system refused to read or write the state.",
    ),
    (
        "state/journal-damaged",
        "The journal is damaged before its end. Only a torn last line is normal after a crash.",
    ),
    (
        "state/journal-foreign",
        "The journal beside the state belongs to another state, or to a later version of it.",
    ),
    (
        "state/journal-without-state",
        "There is a journal and no state. Put the state file back that it was written with.",
    ),
    (
        "state/keeper",
        "Who keeps the remote state refused, or gave no answer. Nothing is begun whose ticket is not kept.",
    ),
    (
        "state/live-lock",
        "The holder of the lock gave a sign of life a moment ago. Its lock ends by itself when it gives none any more.",
    ),
    (
        "state/location",
        "The place of the state cannot be meant: not a path or a URL of a known kind, without a name, or with a credential in it.",
    ),
    (
        "state/lock-lost",
        "Another run took the state over while this one went on, or the file of the lock was removed. It can write no more, and has begun nothing since. What it left under way is in the journal, which the other one settles.",
    ),
    (
        "state/locked",
        "Another process holds the state. The lock of a file goes when that process ends, however it ends; that of a remote state ends when nothing was heard of its holder for a whole lease, or with `pospool state unlock`.",
    ),
    (
        "state/moved",
        "The state was moved with `pospool state migrate`. Nothing is done in its old place.",
    ),
    (
        "state/none",
        "The command needs a state, and there is none at this place.",
    ),
    (
        "state/not-copied",
        "What was read back from the new place of a state is not what was written there. The state stays where it is.",
    ),
    (
        "state/not-empty",
        "`state migrate` never writes over another state.",
    ),
    (
        "state/older-chain",
        "A number of the outside that only grows, such as an account's nonce, is lower than the last whole apply left it: the chain is an older copy, or its RPC lags behind.",
    ),
    (
        "state/older-serial",
        "The file that `state push` was given is an older version of the state than the one that is there.",
    ),
    (
        "state/open-effects",
        "A run was stopped while effects were under way. The next apply first finds out what came of them.",
    ),
    (
        "state/no-history",
        "The state knows of nothing, and an account of the spec has signed before. If a pool was made with it, its state is lost or elsewhere: put it here before you apply, or everything is made a second time. An account that did other things before is the harmless case.",
    ),
    (
        "state/other-hand",
        "A number of the outside, such as an account's nonce, is higher than the last whole apply of this state left it: somebody signed by hand, or works with a newer copy of this state. Put the newest copy in place before you apply.",
    ),
    (
        "state/other-kind",
        "`state mv` changes names. A resource of another kind is another resource.",
    ),
    (
        "state/other-lineage",
        "The file that `state push` was given is the state of another project.",
    ),
    (
        "state/replaced",
        "Somebody replaced the state file while a run went on. The run stopped before its next effect, and kept its own state beside it.",
    ),
    (
        "state/same-place",
        "`state migrate --to` names the place where the state is.",
    ),
    (
        "state/taken-name",
        "`state mv` was given a name that another resource has.",
    ),
    ("state/too-new", "The file was written by a newer pospool."),
    (
        "state/wrong-lock",
        "`state unlock` was given another name than that of the lock that is held.",
    ),
];

/// All codes.
#[must_use]
pub fn all() -> BTreeMap<&'static str, &'static str> {
    let tables = wiring::CODES.iter().copied();
    let tables = [OWN]
        .into_iter()
        .chain(tables)
        .chain([pospool_engine::config::CODES, pospool_serve::CODES]);
    tables.flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Codes that stand in the sources of a folder, found by their look.
    fn codes_in(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                codes_in(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.extend(
                    text.split('"')
                        .filter(|word| is_code(word))
                        .map(ToOwned::to_owned),
                );
            }
        }
    }

    fn is_code(word: &str) -> bool {
        let stages = [
            "apply", "check", "cli", "plan", "record", "serve", "spec", "state",
        ];
        word.split_once('/').is_some_and(|(stage, name)| {
            stages.contains(&stage)
                && !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        })
    }

    #[test]
    fn every_code_of_the_engine_is_explained() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut found = Vec::new();
        for folder in ["src", "../core/src", "../model/src", "../serve/src"] {
            codes_in(&root.join(folder), &mut found);
        }
        let explained = all();
        let missing: Vec<_> = found
            .iter()
            .filter(|code| !explained.contains_key(code.as_str()))
            .collect();
        assert!(found.len() > OWN.len());
        assert!(missing.is_empty(), "{missing:?}");
    }
}
