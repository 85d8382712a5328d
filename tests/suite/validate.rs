//! `pospool validate`: what is found in a spec without keys, chain or Docker.

use std::process::Command;

use serde_json::Value as Json;

use crate::live::project::binary;

/// Codes and texts of what `validate` finds in the example for both spaces, after one change of it.
fn found(from: &str, to: &str) -> Vec<(String, String)> {
    let example = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../examples/both-spaces/pool.hcl"
    );
    let spec = std::fs::read_to_string(example).unwrap();
    assert!(spec.contains(from), "the example has no `{from}`");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pool.hcl"), spec.replacen(from, to, 1)).unwrap();
    let ran = Command::new(binary())
        .current_dir(folder.path())
        .args(["validate", "--json"])
        .env_clear()
        .output()
        .unwrap();
    let said: Json = serde_json::from_slice(&ran.stdout).unwrap();
    let problems = said["diagnostics"].as_array().cloned().unwrap_or_default();
    assert_eq!(
        ran.status.code(),
        Some(i32::from(!problems.is_empty())),
        "{said:#}"
    );
    let text = |problem: &Json, name: &str| problem[name].as_str().unwrap_or_default().to_owned();
    problems
        .iter()
        .map(|problem| (text(problem, "code"), text(problem, "summary")))
        .collect()
}

#[test]
fn case_validate_blind_settings_are_checked_without_keys_chain_or_docker() {
    assert_eq!(found("name", "name"), []);
    let setting = "chain/bad-setting";
    for (from, to, code, part) in [
        ("blocks(2250000)", "100", setting, "lock_period"),
        (
            "user_share_ratio = \"90%\"",
            "user_share_ratio = \"190%\"",
            setting,
            "user_share_ratio",
        ),
        (
            "user_share_ratio",
            "user_share_ration",
            "chain/unknown-setting",
            "user_share_ration",
        ),
        // One digit of a Core address and the case of one letter of an eSpace address are not what was meant.
        (
            "voting_escrow    = core_contract.voting_escrow",
            "voting_escrow    = \"cfx:aajg4wt2mbmbb44sp6szd783ry0jtad5bea80xdy7r\"",
            setting,
            "voting_escrow",
        ),
        (
            "voting_escrow = espace_contract.voting_escrow\n  }",
            "voting_escrow = \"0xFB6916095ca1df60bB79Ce92cE3Ea74c37c5d359\"\n  }",
            setting,
            "voting_escrow",
        ),
    ] {
        let problems = found(from, to);
        assert_eq!(problems.len(), 1, "{to}: {problems:?}");
        assert!(
            problems[0].0 == code && problems[0].1.contains(part),
            "{to}: {problems:?}"
        );
    }
}

/// Who can write a spec, as in a pull request, names no secret for what it is not.
#[test]
fn case_plan_sends_secrets_a_secret_has_one_purpose_and_is_not_sent_in_plain_text() {
    let with = |explorer: &str, secret: &str| {
        let block = format!(
            "verification \"theirs\" {{\n  contract = core_contract.pool\n  explorer = \"{explorer}\"\n  api_key = env(\"{secret}\")\n}}\n\n"
        );
        found("account \"operator\"", &(block + "account \"operator\""))
    };
    let key = "POSPOOL_OPERATOR_KEY";
    let [(code, what)] = &with("https://explorer.example", key)[..] else {
        panic!("one problem");
    };
    assert_eq!(code, "spec/secret-reused");
    for part in [key, "api_key", "private_key"] {
        assert!(what.contains(part), "{what}");
    }
    let of_state = format!("state {{\n  key = env(\"{key}\")\n}}\n\naccount \"operator\"");
    let [(code, what)] = &found("account \"operator\"", &of_state)[..] else {
        panic!("one problem");
    };
    assert_eq!(code, "spec/secret-reused");
    assert!(what.contains("the key of the state"), "{what}");
    // A URL of a syncer goes into its container, and so does its own key; no other secret does.
    for (line, what) in [
        ("core_rpc = [env(\"POSPOOL_OPERATOR_KEY\")]", "private_key"),
        ("core_rpc = [env(\"STATE\")]", "the key of the state"),
        ("private_key = env(\"STATE\")", "the key of the state"),
    ] {
        let syncer = format!(
            "state {{\n  key = env(\"STATE\")\n}}\n\nsyncer \"theirs\" {{\n  bridge = \"cfxtest:acaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\n  {line}\n  private_key = env(\"SYNCER\")\n}}\n\naccount \"operator\""
        );
        let syncer = if line.starts_with("private_key") {
            syncer.replace("\n  private_key = env(\"SYNCER\")", "")
        } else {
            syncer
        };
        let problems = found("account \"operator\"", &syncer);
        let reused = problems.iter().filter(|it| it.0 == "spec/secret-reused");
        let reused: Vec<_> = reused.collect();
        assert_eq!(reused.len(), 1, "{line}: {problems:?}");
        assert!(reused[0].1.contains(what), "{line}: {problems:?}");
    }
    let own = "EXPLORER_KEY";
    let plain = with("http://explorer.example", own);
    assert!(
        plain
            .iter()
            .any(|(code, what)| code == "chain/bad-explorer" && what.contains("plain text")),
        "{plain:?}"
    );
    for explorer in [
        "https://explorer.example",
        "http://127.0.0.1:8080",
        "http://[::1]",
        "confluxscan",
    ] {
        assert_eq!(with(explorer, own), [], "{explorer}");
    }
}
