//! Case `sealed-state` where the state is with somebody else: who keeps it cannot change it.

use pospool_tests::s3::S3;
use pospool_tests::state_server::{Manner, StateServer};

use super::{Desk, Environment, SPEC, http, project_lives};

const KEY: &str = "the key of the harbour pool";

/// A desk whose spec names a key, and perhaps hides the state.
fn sealed(place: &str, environment: &Environment, encrypt: bool) -> Desk {
    let mut desk = Desk::new(place, environment.clone());
    let block = format!("state {{\n  key = env(\"STATE_KEY\")\n  encrypt = {encrypt}\n}}\n");
    std::fs::write(desk.folder.path().join("pool.hcl"), block + SPEC).unwrap();
    let key = ("STATE_KEY".to_owned(), KEY.to_owned());
    desk.environment.extend([key]);
    desk
}

#[test]
fn case_sealed_state_a_project_lives_on_s3_and_over_http() {
    let s3 = S3::shared();
    let (place, environment) = (s3.place(), s3.environment());
    project_lives(&|| sealed(&place, &environment, true));
    let server = StateServer::start(Manner::GitLab);
    project_lives(&|| sealed(server.url(), &http(), false));
    let document = server.document().to_string();
    assert!(document.contains("\"seal\"") && !document.contains(KEY));
}

#[test]
fn case_sealed_state_who_has_no_key_or_another_one_does_nothing() {
    let server = StateServer::start(Manner::Plain);
    let desk = sealed(server.url(), &http(), false);
    desk.well("apply --auto-approve");
    let kept = server.document();
    let plain = Desk::new(server.url(), http());
    let mut other = sealed(server.url(), &http(), false);
    let key = ("STATE_KEY".to_owned(), "the key of another pool".to_owned());
    other.environment.extend([key]);
    for (desk, code) in [(&plain, "state/sealed"), (&other, "state/other-key")] {
        for line in [
            "plan",
            "apply --auto-approve",
            "state pull",
            "state rm record.a",
        ] {
            let ran = desk.run(line);
            assert_eq!(ran.exit, 9, "{line}: {ran:?}");
            assert!(ran.err.starts_with(&format!("error[{code}]")), "{ran:?}");
            let (before, after) = (&kept["snapshot"], &server.document()["snapshot"]);
            assert_eq!(after, before, "{line}");
        }
    }
    assert!(desk.is_settled());
    // Its lock needs no key.
    plain.well("state unlock");
}

#[test]
fn case_sealed_state_a_state_moves_with_its_seal() {
    let server = StateServer::start(Manner::GitLab);
    let mut desk = sealed("pospool.state.json", &http(), false);
    desk.well("apply --auto-approve");
    let pulled = desk.well("state pull");
    for place in [server.url(), "pospool.state.json"] {
        desk.well(&format!("state migrate --to {place}"));
        assert!(desk.run("plan").err.starts_with("error[state/moved]"));
        place.clone_into(&mut desk.place);
        assert_eq!(desk.well("state pull"), pulled);
        assert_eq!(desk.well("state repair").lines().count(), 1);
        assert!(desk.is_settled());
    }
}
