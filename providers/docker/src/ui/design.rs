//! Plans for pages: what one is made from.
//!
//! - Reads: a task, the facts of the last refresh, what the chain says.
//! - Returns: a draft, or the problem that was found.
//! - Never: does I/O.

use pospool_model::Problem;
use pospool_model::provider::{ChangeRequest, PlanContext};

use super::config::{ChainSide, PageConfig};
use super::container::{CONTENT, PAGE};
use super::image::ServerRecipe;
use super::observe::{page_digest, unknown_chain};
use super::wish::DesiredPage;
use crate::builds::ImageBuild;
use crate::codes;
use crate::facts::DockerFacts;
use crate::image::{Buildable, RELEASE};
use crate::names::object_name_of_kind;
use crate::ui::image::SERVERS;
use crate::ui::sources::{PageImageBuild, PinnedPageSource};
use crate::workload::ContainerDraft;
use crate::workload::spec::ContainerSpec;

/// What one change of a page makes. Two images, so that a new release does not build the page again.
pub(super) fn draft_page(
    task: &ChangeRequest<'_>,
    world: &PlanContext<'_>,
    facts: &DockerFacts,
) -> Result<ContainerDraft, Problem> {
    let desired = DesiredPage::read(task.wanted)?;
    let from = facts.pages.get(task.address).cloned().ok_or_else(|| {
        let unread = facts.unread_pages.get(task.address).cloned();
        let what = "what the page is made from was not read";
        unread.unwrap_or_else(|| Problem::new(codes::PAGE_FILES, &[], what))
    })?;
    let chain = world.outputs.get(&desired.chain);
    let chain = ChainSide::read(chain.ok_or_else(|| unknown_chain(&desired.chain))?);
    let config = PageConfig::new(&desired, &chain)?;
    let page = PageImageBuild {
        from,
        config: config.data,
    };
    let server = ServerRecipe {
        page: page.digest(),
        connect: config.connect,
        server: RELEASE.to_owned(),
    };
    let name =
        object_name_of_kind(world.lineage, task.address).map_err(|error| error.problem(&[]))?;
    let mut labelled = task.wanted.clone();
    labelled.remove("content");
    let whose = (world.lineage, task.address, &name);
    let content = page_digest(&page.from, &chain, task.wanted);
    let more = [(PAGE, page.digest()), (CONTENT, content)];
    let spec = ContainerSpec {
        more: more.map(|(name, digest)| (name.to_owned(), digest)).into(),
        ..ContainerSpec::new(whose, (SERVERS, server.digest()), &labelled)
    };
    let what = match &page.from {
        PinnedPageSource::Built { path, .. } => format!("from the files in {path}"),
        PinnedPageSource::Tree(build) => format!("by a build in {}", build.image),
    };
    let (page, server) = (ImageBuild::Page(Box::new(page)), ImageBuild::Ui(server));
    let make_page = format!("make {} {what}", page.tag());
    let make_server = format!("make {} with the server of pospool {RELEASE}", server.tag());
    Ok(ContainerDraft {
        images: vec![("page", make_page, page), ("image", make_server, server)],
        create: format!("create container {name} at http://{}", desired.listen),
        notes: notes(&desired),
        ..ContainerDraft::start_of(&spec)
    })
}

fn notes(desired: &DesiredPage) -> Vec<String> {
    let mut notes = Vec::new();
    if !desired.listen.ip().is_loopback() {
        notes.push(format!(
            "the page is published at {} without TLS: put it behind a TLS-terminating reverse proxy, since wallets and browsers \
             trust what they are served",
            desired.listen
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use pospool_model::plan::Action;
    use pospool_model::provider::{Design, Facts, Observed};
    use pospool_model::state::Recorded;
    use pospool_model::{Address, Attributes, Value};

    use super::super::UiKind;
    use super::super::wish::tests::attributes;
    use super::*;
    use crate::facts::tests::container;
    use crate::names;
    use crate::workload::ContainerKind;
    use crate::workload::design::plan_container;

    const DOCKER: &str = "unix:///var/run/docker.sock";

    fn at(text: &str) -> Address {
        text.parse().unwrap()
    }

    fn planned_for(action: Action, extra: &[(&str, Value)], existing: bool) -> Design {
        let mut wanted = attributes(extra);
        super::super::wish::normalise_ui(&mut wanted, &mut Vec::new());
        let page = PinnedPageSource::Built {
            path: "./site".to_owned(),
            digest: "01".to_owned(),
        };
        let labels = [
            (names::DIGEST, "0123456789abcdef"),
            (PAGE, "fedcba9876543210"),
        ];
        let old = existing.then(|| container("pospool-1a2b3c4d-ui.site", "stopped", &labels));
        let facts = Facts::new(DockerFacts {
            hosts: [(at("host.main"), DOCKER.to_owned())].into(),
            pages: [(at("ui.site"), page)].into(),
            containers: old.map(|old| (at("ui.site"), old)).into_iter().collect(),
            ..DockerFacts::default()
        });
        let chain = Attributes::from([
            ("network".to_owned(), "testnet".into()),
            ("core_chain_id".to_owned(), Value::Integer(1)),
            ("public_core_rpc".to_owned(), "https://rpc.example".into()),
        ]);
        let task = ChangeRequest {
            address: &at("ui.site"),
            action,
            wanted: &wanted,
            observed: &Observed::Absent,
            recorded: None::<&Recorded>,
            changed: &[],
            delete_by_name: false,
        };
        let world = PlanContext {
            lineage: "1a2b3c4d-0000",
            facts: &facts,
            wanted: &BTreeMap::new(),
            recorded: &BTreeMap::new(),
            outputs: &[(at("chain.net"), chain)].into(),
            effects: &BTreeMap::new(),
        };
        plan_container(&UiKind, &task, &world).unwrap()
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
        assert_eq!(
            effects(&again),
            ["page", "image", "stop", "container", "remove"]
        );
        assert_eq!(again.outputs["url"], Value::from("http://127.0.0.1:8080/"));
        assert_eq!(effects(&planned_for(Action::Update, &[], true)), ["start"]);
        assert_eq!(
            effects(&planned_for(Action::Delete, &[], true)),
            ["stop", "remove"]
        );
        assert_eq!(effects(&planned_for(Action::Delete, &[], false)), [""; 0]);
    }

    #[test]
    fn a_replacement_keeps_the_network_and_a_delete_takes_it() {
        let network = |design: &Design| design.effects.last().unwrap().payload["network"].clone();
        let again = planned_for(Action::Replace, &[], true);
        assert!(network(&again).is_null());
        let gone = planned_for(Action::Delete, &[], true);
        assert_eq!(network(&gone), "pospool-1a2b3c4d-ui.site");
        assert_eq!(
            gone.effects[1].payload["images"],
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
        let name = UiKind.container("1a2b3c4d-0000", &at("ui.main")).unwrap();
        assert_eq!(name.as_str(), "pospool-1a2b3c4d-ui.main");
        assert_ne!(
            name,
            crate::names::object_name("1a2b3c4d-0000", &at("node.main")).unwrap()
        );
    }
}
