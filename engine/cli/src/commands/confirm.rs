//! What must be named before it goes, also where nobody is asked: a pool is not taken down by one wrong command.
//!
//! - Reads: a plan, the spec, and the state that the plan goes on from.
//! - Returns: what has to be confirmed, and with which text.
//! - Never: asks anybody.

use pospool_engine::registry::Registry;
use pospool_model::plan::{Action, Plan, Step};
use pospool_model::state::{Recorded, State};
use pospool_model::{Address, Role, Value};

use super::pipeline::{PlannedSpec, Spec};

/// Something that must be confirmed by name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Confirmation {
    /// What goes, as the start of a sentence.
    pub(super) what: String,
    /// What the text below is, such as the address of a contract.
    pub(super) name: String,
    /// What to give with `--confirm`, or to type.
    pub(super) text: String,
}

/// A key that the state knows to be registered with a pool.
struct Bond<'a> {
    registration: &'a Address,
    pool: Option<&'a Address>,
    node: Option<&'a Address>,
    /// Where the node has its key.
    volume: Option<&'a Address>,
}

/// Finds what a plan takes down that must be confirmed; the gravest, if there is more than one.
pub(super) fn find_confirmation(
    planned: &PlannedSpec,
    spec: &Spec,
    state: &State,
    registry: &Registry,
) -> Option<Confirmation> {
    let plan = &planned.plan;
    let bonds = find_bonds(state);
    let what = say_volume(plan, &bonds)
        .or_else(|| say_pool(plan, &bonds).filter(|_| planned.destroy))
        .or_else(|| say_empty_spec(plan, spec, state, registry).filter(|_| !planned.destroy))?;
    let (name, text) = choose_text(state, &bonds);
    Some(Confirmation { what, name, text })
}

fn find_bonds(state: &State) -> Vec<Bond<'_>> {
    let resources = state.resources.iter();
    let registrations = resources.filter(|(address, _)| address.kind() == "pos_registration");
    let bonds = registrations.map(|(registration, recorded)| {
        let node = named(recorded, "node");
        let made = node.and_then(|node| state.resources.get(node));
        Bond {
            registration,
            pool: named(recorded, "pool"),
            node,
            volume: made.and_then(|node| named(node, "data")),
        }
    });
    bonds.collect()
}

/// The resource that an attribute names.
fn named<'a>(recorded: &'a Recorded, attribute: &str) -> Option<&'a Address> {
    recorded.attributes.get(attribute)?.as_resource()
}

fn goes(step: &Step) -> bool {
    matches!(step.action, Action::Delete | Action::Forget)
}

/// A volume that is deleted with the key of a pool: nobody can vote for that pool any more, ever.
fn say_volume(plan: &Plan, bonds: &[Bond<'_>]) -> Option<String> {
    let mut deleted = plan.steps.iter().filter(|it| it.action == Action::Delete);
    deleted.find_map(|step| {
        let mut bonds = bonds.iter();
        let bond = bonds.find(|bond| bond.volume == Some(&step.address))?;
        Some(format!(
            "`{}` is deleted for ever, and with it the PoS key that `{}` registered",
            step.address, bond.registration
        ))
    })
}

/// A registered pool that is taken down: it earns nothing until its node runs again.
fn say_pool(plan: &Plan, bonds: &[Bond<'_>]) -> Option<String> {
    let mut going = plan.steps.iter().filter(|step| goes(step));
    going.find_map(|step| {
        let of = |bond: &&Bond<'_>| {
            let parts = [Some(bond.registration), bond.pool, bond.node];
            parts.contains(&Some(&step.address))
        };
        let bond = bonds.iter().find(of)?;
        let registration = bond.registration;
        Some(format!(
            "the registered pool of `{registration}` is taken down"
        ))
    })
}

/// A spec in which nothing is made, beside a state that knows of something: often the wrong file.
fn say_empty_spec(plan: &Plan, spec: &Spec, state: &State, registry: &Registry) -> Option<String> {
    let is_made = |address: &Address| {
        let schema = registry.schema(address.kind());
        schema.is_some_and(|schema| schema.role == Role::Managed)
    };
    let mut wanted = spec.config.resources();
    let empty = !wanted.any(|resource| is_made(&resource.address));
    // What a `removed` block names was meant.
    let goes_unasked = |step: &&Step| goes(step) && !spec.config.forgets(&step.address);
    let going = plan.steps.iter().filter(goes_unasked).count();
    (empty && going > 0).then(|| {
        let known = state.resources.len();
        format!("the spec makes nothing, and {going} of the {known} resources of the state go")
    })
}

/// The pool's address, or what else tells this state from others.
fn choose_text(state: &State, bonds: &[Bond<'_>]) -> (String, String) {
    let pools = bonds.iter().filter_map(|bond| bond.pool);
    let contracts = state
        .resources
        .keys()
        .filter(|it| it.kind() == "core_contract");
    let mut addresses = pools.chain(contracts).filter_map(|contract| {
        let outputs = &state.resources.get(contract)?.outputs;
        let address = outputs.get("address").and_then(Value::as_text)?;
        Some((format!("the address of `{contract}`"), address.to_owned()))
    });
    addresses.next().unwrap_or_else(|| {
        let short = state.lineage.get(..8).unwrap_or(&state.lineage);
        ("the lineage of this state".to_owned(), short.to_owned())
    })
}

impl Confirmation {
    /// Whether a text confirms it; addresses are also written in capitals.
    pub(super) fn is_given(&self, text: &str) -> bool {
        self.text.eq_ignore_ascii_case(text)
    }
}

#[cfg(test)]
mod tests {
    use pospool_model::Attributes;
    use pospool_model::plan::Reason;

    use super::*;

    fn step(address: &str, action: Action) -> Step {
        Step {
            address: address.parse().unwrap(),
            action,
            reason: Reason::Unwanted,
            changes: Vec::new(),
            irreversible: None,
            notes: Vec::new(),
            costs: Vec::new(),
            effects: Vec::new(),
            barriers: Vec::new(),
            record: None,
        }
    }

    fn recorded(attributes: &[(&str, &str)], outputs: &[(&str, &str)]) -> Recorded {
        let named = attributes.iter().map(|(name, address)| {
            let address = Value::Resource(address.parse().unwrap());
            ((*name).to_owned(), address)
        });
        let outputs = outputs.iter();
        let outputs = outputs.map(|(name, text)| ((*name).to_owned(), Value::from(*text)));
        Recorded {
            attributes: named.collect::<Attributes>(),
            outputs: outputs.collect(),
            ..Recorded::default()
        }
    }

    /// A pool, and a second node whose key nobody registered.
    fn pool() -> State {
        let bond = [("node", "node.main"), ("pool", "core_contract.pool")];
        let resources = [
            ("core_contract.manager", recorded(&[], &[("address", "m")])),
            ("core_contract.pool", recorded(&[], &[("address", "p")])),
            ("node.main", recorded(&[("data", "volume.main")], &[])),
            ("node.spare", recorded(&[("data", "volume.spare")], &[])),
            ("pos_registration.main", recorded(&bond, &[])),
        ];
        let resources = resources.map(|(address, it)| (address.parse().unwrap(), it));
        State {
            lineage: "1a2b3c4d5e6f".to_owned(),
            resources: resources.into(),
            ..State::default()
        }
    }

    #[test]
    fn what_holds_a_registered_key_is_told_from_what_does_not() {
        let state = pool();
        let bonds = find_bonds(&state);
        let plan = |address, action| Plan {
            steps: vec![step(address, action)],
            ..Plan::default()
        };
        let deleted = say_volume(&plan("volume.main", Action::Delete), &bonds).unwrap();
        assert!(deleted.contains("the PoS key that `pos_registration.main` registered"));
        for (address, action) in [
            ("volume.spare", Action::Delete),
            ("volume.main", Action::Forget),
            ("volume.main", Action::Update),
        ] {
            assert_eq!(say_volume(&plan(address, action), &bonds), None);
        }
        for address in ["pos_registration.main", "node.main", "core_contract.pool"] {
            assert!(say_pool(&plan(address, Action::Forget), &bonds).is_some());
            assert!(say_pool(&plan(address, Action::Delete), &bonds).is_some());
            assert_eq!(say_pool(&plan(address, Action::Update), &bonds), None);
        }
        for address in ["node.spare", "core_contract.manager"] {
            assert_eq!(say_pool(&plan(address, Action::Delete), &bonds), None);
        }
    }

    #[test]
    fn the_pool_is_named_before_other_contracts_and_these_before_the_lineage() {
        let mut state = pool();
        let text = |state: &State| choose_text(state, &find_bonds(state)).1;
        assert_eq!(text(&state), "p");
        let bond = "pos_registration.main".parse().unwrap();
        state.resources.remove(&bond);
        assert_eq!(text(&state), "m");
        state.resources.clear();
        assert_eq!(text(&state), "1a2b3c4d");
    }
}
