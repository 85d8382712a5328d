//! Case edited-plan: a saved plan is what was approved, and never what is carried out. Whoever changes a byte of it that means
//! something has it refused; what moves outside by itself refuses nothing.

use std::collections::BTreeMap;
use std::path::Path;

use pospool_cli::exit::Exit;
use pospool_conflux::CoreAddress;
use pospool_engine::approval;
use pospool_engine::observe::SeenResources;
use pospool_engine::planfile::{PlanFile, decode_plan};
use pospool_model::plan::Plan;
use pospool_modelchain::artifact::public_key;
use pospool_tests::stub_world::{CommandRun, StubWorld};
use serde_json::{Value as Json, json};

use crate::example_world::{ExampleWorld, spec_of};

/// What the operator of the examples changes before the plan is saved.
const PRIVATE: (&str, u32, &[(&str, &str)]) = (
    "private-network",
    1234,
    &[
        ("conflux-rust:3.0.2", "conflux-rust:3.0.3"),
        ("user_share_ratio = \"90%\"", "user_share_ratio = \"85.5%\""),
    ],
);
const BOTH_SPACES: (&str, u32, &[(&str, &str)]) = (
    "both-spaces",
    1,
    &[
        ("user_share_ratio = \"90%\"", "user_share_ratio = \"92%\""),
        (
            "lock_period   = blocks(1126800)",
            "lock_period   = blocks(1130000)",
        ),
    ],
);
const OPERATOR: u8 = 0x11;
const SYNCER: u8 = 0x22;
const GDRIP: u64 = 1_000_000_000;

/// A pool on the stubs, whose next plan changes it.
struct Changing {
    pool: ExampleWorld,
}

impl Changing {
    /// Before anything is made.
    fn new((example, network, _): (&str, u32, &[(&str, &str)])) -> Self {
        let pool = ExampleWorld::new(example, network, spec_of(example));
        Self { pool }
    }

    /// It is made, and its spec has changed since.
    fn made(example: (&str, u32, &[(&str, &str)])) -> Self {
        let made = Self::new(example);
        made.pool.ends(&["apply", "--auto-approve"], Exit::Done);
        let mut spec = made.pool.spec.clone();
        for (from, to) in example.2 {
            assert!(spec.contains(from), "{from}");
            spec = spec.replacen(from, to, 1);
        }
        made.pool.world.write_spec(&spec);
        made
    }

    /// Saves a plan, and returns what the file says.
    fn save(&self) -> Json {
        let saved = self.pool.run(&["plan", "--out", "saved"]);
        assert_eq!(saved.exit, Exit::Done, "{saved:#?}");
        let text = std::fs::read_to_string(self.pool.world.path("saved")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    fn edit(&self, file: &Json) {
        self.pool.world.write("saved", &file.to_string());
    }

    /// Nothing is signed, and the engine is asked for nothing but what is there.
    fn is_stale(&self, why: &str) {
        let sent = self.pool.world.chain.handed_in().len();
        let made = self.pool.world.engine.changes();
        let run = self.pool.run(&["apply", "saved"]);
        assert_eq!(run.exit, Exit::Stale, "{why}: {}\n{}", run.out, run.err);
        assert!(run.err.contains("plan/stale"), "{}", run.err);
        assert!(run.err.contains(why), "{why}: {}", run.err);
        assert_eq!(self.pool.world.chain.handed_in().len(), sent);
        assert_eq!(self.pool.world.engine.changes(), made);
    }

    fn is_applied(&self) -> CommandRun {
        let run = self.pool.run(&["apply", "saved"]);
        assert_eq!(run.exit, Exit::Done, "{}\n{}", run.out, run.err);
        run
    }
}

/// An effect of a plan file.
fn effect<'a>(file: &'a mut Json, address: &str, name: &str) -> &'a mut Json {
    let steps = file["plan"]["steps"].as_array_mut().unwrap();
    let mut steps = steps.iter_mut();
    let step = steps.find(|step| step["address"] == address).unwrap();
    let effects = step["effects"].as_array_mut().unwrap();
    let mut effects = effects.iter_mut();
    let found = effects.find(|it| it["name"].as_str().unwrap().starts_with(name));
    found.unwrap_or_else(|| panic!("no effect {name} of {address}"))
}

/// An edit: of which resource and effect, what of it, and what it says then.
type Edit = (&'static str, &'static str, &'static str, &'static str);

const EDITS: &[Edit] = &[
    (
        "core_contract.pool",
        "set",
        "/payload/to",
        "net1234:aap8t25069bbhr9h69wg3v2mn1jjr019fj661dg6s7",
    ),
    (
        "core_contract.pool",
        "set",
        "/payload/value",
        "1000000000000000000000",
    ),
    ("core_contract.pool", "set", "/payload/data", "0xa9059cbb"),
    (
        "core_contract.pool",
        "set",
        "/payload/key",
        "file:/etc/hostname",
    ),
    (
        "core_contract.pool",
        "set",
        "/payload/ceiling",
        "900000000000000",
    ),
    ("core_contract.pool", "set", "/summary", "set nothing"),
    (
        "node.main",
        "image",
        "/payload/recipe/node/image",
        "pospool-devnet/conflux-rust:evil",
    ),
    ("node.main", "stop", "/payload/container", "0123456789ab"),
];

#[test]
fn case_edited_plan_what_it_would_do_is_changed() {
    let made = Changing::made(PRIVATE);
    let genuine = made.save();
    for (address, name, place, value) in EDITS {
        let mut file = genuine.clone();
        let found = effect(&mut file, address, name).pointer_mut(place);
        let found = found.unwrap_or_else(|| panic!("{address} {name}: there is no {place}"));
        assert_ne!(found, value);
        *found = json!(value);
        made.edit(&file);
        made.is_stale(&format!("`{address}`"));
    }
    // What is only said about it moves by itself, and the plan that is carried out says it anew.
    let mut file = genuine.clone();
    let price = json!({ "type": "legacy", "gas_price": "7" });
    effect(&mut file, "core_contract.pool", "set")["payload"]["price"] = price;
    for step in file["plan"]["steps"].as_array_mut().unwrap() {
        step["notes"] = json!(["all is well"]);
    }
    made.edit(&file);
    let run = made.is_applied();
    assert!(!run.out.contains("all is well"), "{}", run.out);
    assert!(run.out.contains("is not pinned"), "{}", run.out);
}

/// Facts that move without anybody's doing, as paths of a plan: each is the newest look's.
const LOOSE: &[&str] = &[
    ".bindings",
    ".counters",
    ".drift",
    ".chains",
    ".accounts",
    ".blocked",
    ".left_out",
    ".spec_digest",
    ".lineage",
    ".serial",
    ".notes",
    ".costs",
    ".payload.price",
    ".payload.outputs.settled_block",
    ".payload.outputs.claimed_block",
];

fn is_loose(path: &str, file: &Json) -> bool {
    let without_numbers: String = path.chars().filter(|it| !it.is_ascii_digit()).collect();
    let plain = without_numbers.replace("[]", "");
    let of_a_step = plain.strip_prefix(".steps").unwrap_or(&plain);
    let of_an_effect = of_a_step.strip_prefix(".effects").unwrap_or(of_a_step);
    let is_text_of_a_wait = || {
        let (effect, name) = path.rsplit_once('.').unwrap();
        let pointer = effect.replace('[', "/").replace(']', "").replace('.', "/");
        name == "summary" && file.pointer(&pointer).unwrap()["nature"] == "wait"
    };
    LOOSE.iter().any(|loose| of_an_effect.starts_with(loose)) || is_text_of_a_wait()
}

/// Every place of a value where a field or an item is.
fn places(value: &Json, path: &str, all: &mut Vec<String>) {
    match value {
        Json::Object(fields) => {
            for (name, field) in fields {
                places(field, &format!("{path}.{name}"), all);
            }
        }
        Json::Array(items) => {
            for (nth, item) in items.iter().enumerate() {
                places(item, &format!("{path}[{nth}]"), all);
            }
        }
        _ => {}
    }
    if !path.is_empty() {
        all.push(path.to_owned());
    }
}

fn other_values(value: &Json) -> Vec<Json> {
    let mut others = vec![
        Json::Null,
        json!("other"),
        json!(7),
        json!(true),
        json!([]),
        json!({}),
    ];
    match value {
        Json::String(text) => others.push(json!(format!("{text}1"))),
        Json::Number(number) => others.push(json!(number.as_u64().unwrap_or_default() + 1)),
        Json::Bool(is) => others.push(json!(!is)),
        Json::Array(items) => {
            others.push(Json::Array(items.iter().skip(1).cloned().collect()));
            others.push(Json::Array(items.iter().rev().cloned().collect()));
            others.push(Json::Array([&items[..], &items[..]].concat()));
        }
        Json::Object(fields) => {
            others.extend(fields.keys().map(|name| {
                let mut fewer = fields.clone();
                fewer.remove(name);
                Json::Object(fewer)
            }));
        }
        Json::Null => {}
    }
    others.retain(|other| other != value);
    others
}

/// Each field of a plan takes every other value: it cannot be read any more, it is not the plan of now, or it is one of the
/// loose facts. Returns how many were tried.
fn every_field(made: &Changing, step: usize) -> usize {
    let file = made.save();
    let read = |file: &Json| decode_plan(Path::new("saved"), file.to_string().as_bytes());
    let PlanFile { plan: now, .. } = read(&file).unwrap();
    let seen = SeenResources {
        chains: now.chains.clone(),
        bindings: now.bindings.clone(),
        ..SeenResources::default()
    };
    let differences =
        |plan: &Plan| approval::find_differences(plan, &now, &seen, made.pool.world.registry());
    assert_eq!(differences(&now), Vec::<String>::new());
    let mut all = Vec::new();
    places(&file["plan"], "", &mut all);
    let mut tried = 0;
    let mut unseen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let exact = all.iter().filter(|path| !is_loose(path, &file["plan"]));
    for path in exact.step_by(step) {
        let pointer = path.replace('[', "/").replace(']', "").replace('.', "/");
        let Some(value) = file["plan"].pointer(&pointer) else {
            // A name with a dot in it: its parent takes other values.
            continue;
        };
        for other in other_values(value) {
            let mut edited = file.clone();
            *edited["plan"].pointer_mut(&pointer).unwrap() = other;
            tried += 1;
            let is_seen = match read(&edited) {
                Err(_) => true,
                // Another spelling of the same plan.
                Ok(edited) if edited.plan == now => true,
                Ok(edited) => {
                    !differences(&edited.plan).is_empty()
                        || only_loose_or_fewer(&edited, &now, &file["plan"])
                }
            };
            if !is_seen {
                let mut different = Vec::new();
                differing(&edited["plan"], &file["plan"], "", &mut different);
                unseen.entry(path.clone()).or_default().extend(different);
            }
        }
    }
    assert!(unseen.is_empty(), "{unseen:#?}");
    tried
}

/// What differs is loose all the same, such as a field of a step that has other notes.
fn only_loose_or_fewer(edited: &PlanFile, now: &Plan, file: &Json) -> bool {
    let edited = serde_json::to_value(&edited.plan).unwrap();
    let now = serde_json::to_value(now).unwrap();
    let mut different = Vec::new();
    differing(&edited, &now, "", &mut different);
    different.iter().all(|path| is_loose(path, file))
}

fn differing(a: &Json, b: &Json, path: &str, all: &mut Vec<String>) {
    match (a, b) {
        (Json::Object(a), Json::Object(b)) => {
            for (name, field) in a {
                let other = b.get(name).unwrap_or(&Json::Null);
                differing(field, other, &format!("{path}.{name}"), all);
            }
            // What may be absent is written as nothing, too.
            let gone = b
                .iter()
                .filter(|(name, it)| !a.contains_key(*name) && !it.is_null());
            all.extend(gone.map(|(name, _)| format!("{path}.{name}")));
        }
        (Json::Array(a), Json::Array(b)) if a.len() == b.len() => {
            for (nth, (item, other)) in a.iter().zip(b).enumerate() {
                differing(item, other, &format!("{path}[{nth}]"), all);
            }
        }
        _ if a == b => {}
        _ => all.push(path.to_owned()),
    }
}

#[test]
fn case_edited_plan_no_field_can_be_another_but_what_moves_by_itself() {
    let tried = [
        every_field(&Changing::made(PRIVATE), 1),
        every_field(&Changing::made(BOTH_SPACES), 1),
        // They hold the code of all contracts, in whose digits nothing else happens.
        every_field(&Changing::new(PRIVATE), 7),
        every_field(&Changing::new(BOTH_SPACES), 31),
    ];
    assert!(tried.iter().all(|tried| *tried > 300), "{tried:?}");
}

#[test]
fn a_plan_still_fits_while_the_price_moves() {
    for (epochs, price) in [(1, GDRIP + 1), (10, 3 * GDRIP), (1_000, 19 * GDRIP)] {
        let made = Changing::made(PRIVATE);
        made.save();
        made.pool.world.chain.pass(epochs, price);
        made.is_applied();
        assert!(made.pool.run(&["plan"]).out.contains("nothing to do"));
    }
    let made = Changing::made(PRIVATE);
    made.save();
    // More than the spec lets a unit cost: the plan of now says so.
    made.pool.world.chain.pass(1, 5_000 * GDRIP);
    let run = made.pool.run(&["apply", "saved"]);
    assert_ne!(run.exit, Exit::Done, "{}", run.err);
    assert_eq!(made.pool.world.chain.handed_in().len(), sent_before(&made));
}

fn sent_before(made: &Changing) -> usize {
    made.pool.world.chain.handed_in().len()
}

#[test]
fn each_exact_fact_that_moved_is_named() {
    type Happens = (&'static str, fn(&StubWorld));
    let facts: &[Happens] = &[
        ("nonce core", |world| world.chain.sign_by_hand(OPERATOR)),
        ("`chain.private` is another chain", |world| {
            world.chain.is_exchanged();
        }),
        ("`core_contract.pool`", |world| {
            let setter = "setPoolUserShareRatio(uint64)";
            world.chain.set_by_hand("PoSPool", setter, 7_000);
        }),
        ("`core_contract.pool`", |world| {
            let chain = &world.chain;
            chain.upgrade_by_hand("PoSPool", "PoolManager", [0x86; 20]);
        }),
        ("`node.main`", |world| world.engine.stop("-main")),
        ("`node.main`", |world| world.engine.exchange_key("-main")),
        ("`node.main`", |world| {
            let digest = "pospool.digest";
            world
                .engine
                .change_label("-main", digest, "0123456789abcdef");
        }),
        ("`node.main`", |world| {
            world
                .engine
                .change_label("-main", "pospool.lineage", "theirs");
        }),
        ("`node.main`", |world| {
            world
                .engine
                .change_setting("-main", "Privileged", json!(true));
        }),
    ];
    for (name, happens) in facts {
        let made = Changing::made(PRIVATE);
        made.save();
        happens(&made.pool.world);
        made.is_stale(name);
    }
    // An owner that cannot sign here leaves nothing to carry out.
    let made = Changing::made(PRIVATE);
    made.save();
    made.pool.world.chain.hand_over([7; 20]);
    made.is_stale("`core_contract.pool`");
}

#[test]
fn what_a_plan_does_not_touch_does_not_make_it_stale() {
    let made = Changing::made(BOTH_SPACES);
    let syncer = CoreAddress::of_public_key(&public_key(SYNCER), BOTH_SPACES.1);
    let mut store = made.pool.world.store();
    let service = "syncer.main".parse().unwrap();
    // As it says of itself while it runs.
    let said = store.update(|state| {
        let outputs = &mut state.resources.get_mut(&service).unwrap().outputs;
        outputs.insert("signer".to_owned(), syncer.to_string().as_str().into());
    });
    said.unwrap();
    drop(store);
    made.save();
    made.pool.world.chain.sign_by_hand(SYNCER);
    made.pool.world.engine.stop("syncer.main");
    let run = made.is_applied();
    assert!(run.err.contains("  syncer.main\n"), "{}", run.err);
    let rest = made.pool.run(&["plan"]).out;
    assert!(rest.contains("syncer.main"), "{rest}");
}

#[test]
fn another_version_of_pospool_makes_its_own_plan() {
    let made = Changing::made(PRIVATE);
    let mut file = made.save();
    file["made_by"] = json!("0.0.1");
    made.edit(&file);
    made.is_stale("pospool 0.0.1 made it");
    file.as_object_mut().unwrap().remove("made_by");
    made.edit(&file);
    made.is_stale("pospool an older version made it");
}

/// Whoever takes a step out of the file takes what depends on it out too, as `--exclude` does: the rest is not that plan.
#[test]
fn a_step_is_not_done_without_what_it_depends_on() {
    let made = Changing::new(PRIVATE);
    let spec = &made.pool.spec;
    let manager = "core_contract \"m\" {\n  code       = source.contracts.PoolManager\n  \
                   settings   = { pools = [core_contract.pool] }\n  depends_on = [core_contract.pool]\n}\n";
    let spec = format!("{spec}\n{manager}");
    made.pool.world.write_spec(&spec);
    assert_eq!(made.pool.run(&["apply", "--auto-approve"]).exit, Exit::Done);
    let changed = spec.replacen("\"90%\"", "\"85%\"", 1);
    made.pool
        .world
        .write_spec(&changed.replacen("pools = [core_contract.pool]", "pools = []", 1));
    let mut file = made.save();
    let steps = file["plan"]["steps"].as_array_mut().unwrap();
    steps.retain(|step| step["address"] == "core_contract.m");
    for effect in steps[0]["effects"].as_array_mut().unwrap() {
        let needs = effect["needs"].as_array_mut().unwrap();
        needs.retain(|need| need["effect"]["address"] == "core_contract.m");
        // As it would be planned alone.
        let nonce = effect["payload"]["nonce"].as_u64().unwrap();
        effect["payload"]["nonce"] = json!(nonce - 1);
        let summary = effect["summary"].as_str().unwrap();
        let (now, alone) = (format!("nonce {nonce}"), format!("nonce {}", nonce - 1));
        effect["summary"] = json!(summary.replace(&now, &alone));
    }
    made.edit(&file);
    made.is_stale("`core_contract.m`");
}
