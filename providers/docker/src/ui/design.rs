//! Plans for pages: which jobs, in which order.
//!
//! - Reads: a task, the facts of the last look, what the chain says.
//! - Returns: a complete design, or the problem that was found.
//! - Never: looks outside.

use pospool_model::plan::{Action, Effect, Nature};
use pospool_model::provider::{Design, Task, World};
use pospool_model::{Address, Attributes, Problem, Value};

use super::config::{ChainSide, PageConfig};
use super::container::Made;
use super::image::{FromFiles, PageRecipe, ServerRecipe, server_tag};
use super::job::{PageJob, ServeJob, ServerJob};
use super::observe::{Existing, content};
use super::wish::UiWish;
use crate::codes;
use crate::container::labels::owner;
use crate::design::{self, docker_of, effect, outputs_after};
use crate::facts::DockerFacts;
use crate::image::{RELEASE, hash};
use crate::job::EndJob;
use crate::job::Job;
use crate::names::{Name, NameError};

/// Attributes that say nothing about how the container was made.
const NOT_LABELLED: [&str; 3] = ["state", "hardening", "content"];

/// Name of a page's container: a node of the same label has another one.
pub(crate) fn name(lineage: &str, address: &Address) -> Result<Name, NameError> {
    crate::names::object_of_kind(lineage, address)
}

/// Plans one change of a page.
pub(crate) fn design(task: &Task<'_>, world: &World<'_>) -> Result<Design, Vec<Problem>> {
    let facts = DockerFacts::of(world.facts);
    match task.action {
        Action::Forget => Ok(Design::forgotten(Vec::new())),
        Action::Delete => Ok(delete(task, world, &facts)),
        _ => change(task, world, &facts).map_err(|problem| vec![problem]),
    }
}

fn change(task: &Task<'_>, world: &World<'_>, facts: &DockerFacts) -> Result<Design, Problem> {
    let wish = UiWish::read(task.wanted)?;
    let docker = docker_of(task.wanted, world, facts)?;
    let page_facts = facts.pages.get(task.address);
    let from = page_facts
        .and_then(|page| page.from.clone())
        .ok_or_else(|| {
            Problem::new(
                codes::PAGE_FILES,
                &[],
                "what the page is made from was not read",
            )
        })?;
    let nothing = Attributes::new();
    let chain = ChainSide::read(world.outputs.get(&wish.chain).unwrap_or(&nothing));
    let config = PageConfig::new(&wish, &chain)?;
    let page = PageRecipe {
        from,
        config: config.data,
    };
    let server = ServerRecipe {
        page: page.digest(),
        connect: config.connect,
        server: RELEASE.to_owned(),
    };
    let made = made(task, world, &wish, &page, &server, &chain)?;
    let old = page_facts.and_then(|page| page.existing.as_ref());
    let mut effects = Vec::new();
    if task.action == Action::Update {
        effects.push(start(&docker, &made, old));
    } else {
        effects.extend(images(&docker, page, &server));
        if let Some(old) = old {
            effects.push(end(
                task.address,
                world.lineage,
                &made.name,
                old,
                Some(&made),
            ));
        }
        effects.push(create(&docker, &made, old));
    }
    Ok(Design {
        effects,
        outputs: outputs_after(task, facts, &docker, planned(&docker, &made)),
        notes: notes(&wish),
        ..Design::default()
    })
}

fn made(
    task: &Task<'_>,
    world: &World<'_>,
    wish: &UiWish,
    page: &PageRecipe,
    server: &ServerRecipe,
    chain: &ChainSide,
) -> Result<Made, Problem> {
    let mut attributes = task.wanted.clone();
    attributes.retain(|name, _| !NOT_LABELLED.contains(&name.as_str()));
    Ok(Made {
        name: name(world.lineage, task.address).map_err(|error| error.problem(&[]))?,
        lineage: world.lineage.to_owned(),
        address: task.address.clone(),
        image: server.tag(),
        digest: server.digest(),
        page: page.digest(),
        content: content(&page.from, chain, task.wanted),
        listen: wish.listen,
        attributes,
    })
}

fn images(docker: &str, page: PageRecipe, server: &ServerRecipe) -> [Effect; 2] {
    let what = match &page.from {
        FromFiles::Built { path, .. } => format!("from the files in {path}"),
        FromFiles::Tree(build) => format!("by a build in {}", build.image),
    };
    let summary = format!("make {} {what}", page.tag());
    let page = Job::Page(Box::new(PageJob {
        docker: docker.to_owned(),
        recipe: page,
    }));
    let job = Job::Server(ServerJob {
        docker: docker.to_owned(),
        recipe: server.clone(),
    });
    let with = format!("make {} with the server of pospool {RELEASE}", server.tag());
    [
        effect("page", summary, Nature::Act, &page),
        effect("image", with, Nature::Act, &job),
    ]
}

fn create(docker: &str, made: &Made, old: Option<&Existing>) -> Effect {
    let summary = format!("create container {} at http://{}", made.name, made.listen);
    let job = Job::Serve(Box::new(ServeJob {
        docker: docker.to_owned(),
        made: made.clone(),
        create: true,
        replaces: old.map(|old| old.container.clone()),
    }));
    effect("container", summary, Nature::Act, &job)
}

fn start(docker: &str, made: &Made, old: Option<&Existing>) -> Effect {
    let job = Job::Serve(Box::new(ServeJob {
        docker: docker.to_owned(),
        made: made.clone(),
        create: old.is_none(),
        replaces: None,
    }));
    let summary = format!("start container {}", made.name);
    effect("start", summary, Nature::Act, &job)
}

/// Ends the old container; what the new one uses as well stays.
fn end(
    address: &Address,
    lineage: &str,
    name: &Name,
    old: &Existing,
    new: Option<&Made>,
) -> Effect {
    let kept =
        |image: &String| new.is_some_and(|new| *image == new.image || *image == page_tag(new));
    design::end(EndJob {
        docker: old.docker.clone(),
        name: name.clone(),
        container: old.container.clone(),
        network: Some(name.clone()).filter(|_| new.is_none()),
        owner: owner(lineage, address),
        images: old
            .images()
            .into_iter()
            .filter(|image| !kept(image))
            .collect(),
    })
}

fn page_tag(made: &Made) -> String {
    ServerRecipe {
        page: made.page.clone(),
        connect: Vec::new(),
        server: String::new(),
    }
    .page_tag()
}

impl Existing {
    /// Names of its images, the one with the server first: it is made from the other.
    fn images(&self) -> Vec<String> {
        let page = self.page.as_ref().map(|page| {
            let recipe = ServerRecipe {
                page: page.clone(),
                connect: Vec::new(),
                server: String::new(),
            };
            recipe.page_tag()
        });
        let server = self.digest.as_deref().map(server_tag);
        server.into_iter().chain(page).collect()
    }
}

/// Outputs that are known before the container is made.
pub(crate) fn planned(docker: &str, made: &Made) -> Attributes {
    [
        ("url", format!("http://{}/", made.listen)),
        ("image", made.image.clone()),
        ("digest", made.page.clone()),
        ("container_name", made.name.to_string()),
        ("docker", docker.to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), Value::from(value)))
    .into()
}

fn notes(wish: &UiWish) -> Vec<String> {
    let mut notes = Vec::new();
    if !wish.listen.ip().is_loopback() {
        notes.push(format!(
            "the page is published at {} without TLS: put it behind a TLS-terminating reverse proxy, since wallets and browsers \
             trust what they are served",
            wish.listen
        ));
    }
    notes
}

fn delete(task: &Task<'_>, world: &World<'_>, facts: &DockerFacts) -> Design {
    let existing = facts
        .pages
        .get(task.address)
        .and_then(|page| page.existing.as_ref());
    let effects = match (existing, name(world.lineage, task.address)) {
        (Some(old), Ok(name)) => vec![end(task.address, world.lineage, &name, old, None)],
        _ => Vec::new(),
    };
    Design {
        effects,
        ..Design::default()
    }
}

/// Digest over texts, for labels.
pub(crate) fn digest_of(parts: &[&str]) -> String {
    // A list of texts always has a JSON form.
    hash(serde_json::to_string(parts).unwrap_or_default().as_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use pospool_model::provider::{Facts, Observed};
    use pospool_model::state::Recorded;

    use super::super::observe::PageFacts;
    use super::super::wish::tests::attributes;
    use super::*;

    const DOCKER: &str = "unix:///var/run/docker.sock";

    fn at(text: &str) -> Address {
        text.parse().unwrap()
    }

    fn planned_for(action: Action, extra: &[(&str, Value)], existing: bool) -> Design {
        let mut wanted = attributes(extra);
        super::super::normalise(&mut wanted, &mut Vec::new());
        let page = PageFacts {
            from: Some(FromFiles::Built {
                path: "./site".to_owned(),
                digest: "01".to_owned(),
            }),
            existing: existing.then(|| Existing {
                docker: DOCKER.to_owned(),
                container: Name::new("c0ffee").unwrap(),
                digest: Some("0123456789abcdef".to_owned()),
                page: Some("fedcba9876543210".to_owned()),
            }),
        };
        let facts = Facts::new(DockerFacts {
            hosts: [(at("host.main"), DOCKER.to_owned())].into(),
            pages: [(at("ui.site"), page)].into(),
            ..DockerFacts::default()
        });
        let chain = Attributes::from([
            ("network".to_owned(), "testnet".into()),
            ("core_chain_id".to_owned(), Value::Integer(1)),
            ("public_core_rpc".to_owned(), "https://rpc.example".into()),
        ]);
        let task = Task {
            address: &at("ui.site"),
            action,
            wanted: &wanted,
            observed: &Observed::Absent,
            recorded: None::<&Recorded>,
            changed: &[],
            delete_by_name: false,
        };
        let world = World {
            lineage: "1a2b3c4d-0000",
            facts: &facts,
            wanted: &BTreeMap::new(),
            recorded: &BTreeMap::new(),
            outputs: &[(at("chain.net"), chain)].into(),
            effects: &BTreeMap::new(),
            counters: &mut BTreeMap::new(),
            lanes: &mut BTreeMap::new(),
        };
        design(&task, &world).unwrap()
    }

    fn effects(design: &Design) -> Vec<&str> {
        design
            .effects
            .iter()
            .map(|effect| effect.name.as_str())
            .collect()
    }

    #[test]
    fn images_come_before_the_old_container_goes() {
        let new = planned_for(Action::Create, &[], false);
        assert_eq!(effects(&new), ["page", "image", "container"]);
        let again = planned_for(Action::Replace, &[], true);
        assert_eq!(effects(&again), ["page", "image", "remove", "container"]);
        assert_eq!(again.outputs["url"], Value::from("http://127.0.0.1:8080/"));
        assert_eq!(effects(&planned_for(Action::Update, &[], true)), ["start"]);
        assert_eq!(effects(&planned_for(Action::Delete, &[], true)), ["remove"]);
        assert_eq!(effects(&planned_for(Action::Delete, &[], false)), [""; 0]);
    }

    #[test]
    fn a_replacement_keeps_the_network_and_a_delete_takes_it() {
        let network = |design: &Design| {
            design.effects[design.effects.len().min(3) - 1].payload["network"].clone()
        };
        let again = planned_for(Action::Replace, &[], true);
        assert!(network(&again).is_null());
        let gone = planned_for(Action::Delete, &[], true);
        assert_eq!(network(&gone), "pospool-1a2b3c4d-ui.site");
        assert_eq!(
            gone.effects[0].payload["images"],
            serde_json::json!(["pospool/ui:0123456789ab", "pospool/page:fedcba987654"])
        );
    }

    #[test]
    fn an_address_or_an_rpc_is_another_page_and_a_port_is_not() {
        let digest = |extra: &[(&str, Value)]| {
            planned_for(Action::Create, extra, false).outputs["digest"].clone()
        };
        let same = digest(&[]);
        assert_eq!(digest(&[("listen", "127.0.0.1:9000".into())]), same);
        assert_ne!(
            digest(&[("core_rpc", "https://other.example".into())]),
            same
        );
        let manager = "cfxtest:acbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
        assert_ne!(digest(&[("manager", manager.into())]), same);
    }

    #[test]
    fn a_page_that_everybody_reaches_is_a_remark() {
        assert_eq!(planned_for(Action::Create, &[], false).notes, [""; 0]);
        let open = planned_for(Action::Create, &[("listen", "0.0.0.0:80".into())], false);
        assert!(open.notes[0].contains("TLS"), "{:?}", open.notes);
    }

    #[test]
    fn a_node_of_the_same_label_has_another_container() {
        let name = name("1a2b3c4d-0000", &at("ui.main")).unwrap();
        assert_eq!(name.as_str(), "pospool-1a2b3c4d-ui.main");
        assert_ne!(
            name,
            crate::names::object("1a2b3c4d-0000", &at("node.main")).unwrap()
        );
    }
}
