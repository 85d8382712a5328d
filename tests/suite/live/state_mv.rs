//! A resource that Docker has does not get another address: what was made for it says whose it is.

use serde_json::Value;

use super::project::{Project, docker};

/// Case state-mv: `state mv` refuses; a state that was moved all the same is refused by the plan, with the way back; and a
/// block with another label, which is another resource, is refused with this code where it would get the same key.
pub(crate) fn case_state_mv(project: &Project, address: &str, another: Option<&str>) {
    let (kind, label) = address.split_once('.').unwrap();
    let moved = format!("{kind}.moved");
    let before = containers(project);
    let refused = |arguments: &[&str], code: &str| {
        let ran = project.run(arguments);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert_ne!(ran.code, Some(0), "{said}");
        assert!(said.contains(code), "{said}");
        assert_eq!(containers(project), before);
        said
    };
    let code = "docker/made-for-another";
    refused(&["state", "mv", address, &moved], code);

    let spec = std::fs::read_to_string(project.path("pool.hcl")).unwrap();
    let block = spec.replace(&format!("{kind} \"{label}\""), &format!("{kind} \"moved\""));
    let renamed = block.replace(address, &moved);
    assert_ne!(renamed, spec);
    std::fs::write(project.path("pool.hcl"), renamed).unwrap();
    if let Some(another) = another {
        refused(&["apply", "--auto-approve"], another);
    }
    let state = project.ok(&["state", "pull"]);
    let state = state.replace(&format!("\"{address}\""), &format!("\"{moved}\""));
    std::fs::write(project.path("moved.json"), state).unwrap();
    project.ok(&["state", "push", "--force", "moved.json"]);
    let said = refused(&["apply", "--auto-approve"], code);
    let back = format!("pospool state mv {moved} {address}");
    assert!(said.contains(&back), "{said}");

    project.ok(&["state", "mv", &moved, address]);
    std::fs::write(project.path("pool.hcl"), spec).unwrap();
    project.ends(&["plan", "--detailed-exitcode"], 0);
    assert_eq!(containers(project), before);
}

/// Ids and states of all containers of a project.
fn containers(project: &Project) -> Vec<String> {
    let state: Value = serde_json::from_str(&project.ok(&["state", "pull"])).unwrap();
    let lineage = state["state"]["lineage"].as_str().unwrap();
    let filter = format!("label=pospool.lineage={lineage}");
    let format = ["--format", "{{.ID}} {{.State}}"];
    let all = docker(&[&["ps", "--all", "--filter", &filter][..], &format].concat());
    let mut all: Vec<String> = all.lines().map(str::to_owned).collect();
    all.sort();
    assert_ne!(all, [""; 0]);
    all
}
