//! A status as metrics, for Prometheus and what reads its text.
//!
//! - Reads: a status, its diagnoses and the verdict on it.
//! - Returns: text in the `OpenMetrics` form, which the text collector of `node_exporter` takes too.
//! - Never: writes a number for what is not known: a figure that is missing has no sample, and the verdict says `unknown`.

use std::fmt;
use std::sync::atomic::AtomicU64;

use pospool_model::status::{
    AccountStatus, Budget, ContainerState, Figure, KeyStatus, NodeStatus, PageStatus, PoolStatus,
    SyncerStatus,
};
use pospool_model::{Address, Drip};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::doctor::{Answer, Diagnosis};
use crate::verdict::{Answered, Light, Verdict};

/// One number with what it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Names and values of its labels.
    pub labels: Vec<(String, String)>,
    /// The number.
    pub value: f64,
}

/// What metrics are made from.
#[derive(Clone, Copy)]
pub(crate) struct Measured<'a> {
    status: &'a PoolStatus,
    diagnoses: &'a [Diagnosis],
    verdict: &'a Verdict,
}

/// One metric: a name with its unit is a promise, and never gets another meaning.
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub help: &'static str,
    read: fn(Measured<'_>) -> Vec<Sample>,
}

impl fmt::Debug for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

const fn metric(
    name: &'static str,
    help: &'static str,
    read: fn(Measured<'_>) -> Vec<Sample>,
) -> Metric {
    Metric { name, help, read }
}

/// All metrics.
pub const METRICS: &[Metric] = &[
    metric(
        "pospool_verdict",
        "1 for the answer to each question (safe, earning, may_restart): yes, no or unknown; 0 for the others",
        read_verdict,
    ),
    metric(
        "pospool_state_present",
        "1 for each state of `pospool doctor` that is present",
        |it| read_states(it, |answer| matches!(answer, Answer::Present { .. })),
    ),
    metric(
        "pospool_state_untold",
        "1 for each state of `pospool doctor` that could not be told, because something could not be seen",
        |it| {
            read_states(it, |answer| {
                matches!(answer, Answer::CannotTell { looked: true, .. })
            })
        },
    ),
    metric(
        "pospool_look_timestamp_seconds",
        "When the look was made, in seconds since 1970",
        |it| vec![sample(&[], number(it.status.made_at))],
    ),
    metric(
        "pospool_node_running",
        "Whether the node's container runs",
        |it| {
            nodes(it, |node| {
                known(&node.container, |it| truth(*it == ContainerState::Running))
            })
        },
    ),
    metric("pospool_node_epoch", "Newest epoch of the node", |it| {
        nodes(it, |node| known(&node.epoch, |it| number(*it)))
    }),
    metric(
        "pospool_node_behind_epochs",
        "Epochs that the node is behind the network",
        |it| nodes(it, |node| known(&node.behind_epochs, |it| number(*it))),
    ),
    metric(
        "pospool_node_epoch_stands_seconds",
        "For how long the node's newest epoch has been the same",
        |it| {
            nodes(it, |node| {
                known(&node.epoch_stands_seconds, |it| number(*it))
            })
        },
    ),
    metric(
        "pospool_node_live_peers",
        "Peers that the node hears",
        |it| nodes(it, |node| known(&node.live_peers, |it| number(*it))),
    ),
    metric(
        "pospool_node_pos_height",
        "Height of PoS at the node",
        |it| {
            nodes(it, |node| {
                node.pos_height.known().copied().flatten().map(number)
            })
        },
    ),
    metric(
        "pospool_node_disk_free_bytes",
        "Free bytes of the disk with the node's data",
        |it| nodes(it, |node| known(&node.disk_free_bytes, |it| number(*it))),
    ),
    metric(
        "pospool_node_retirement_seconds",
        "Least time until PoS retires the key if it casts no vote from now on; no sample where it is elected for no known term",
        |it| nodes(it, read_retirement),
    ),
    metric(
        "pospool_key_votes",
        "Votes of the registered key that work",
        |it| keys(it, |key| known(&key.votes, |it| number(it.working))),
    ),
    metric(
        "pospool_key_elected",
        "Whether the registered key is in the committee now",
        |it| keys(it, |key| known(&key.elected, |it| truth(*it))),
    ),
    metric(
        "pospool_key_missed_blocks",
        "Of the newest blocks of PoS (20 at most), those in a row without a vote of the key; counts while it is elected",
        |it| keys(it, |key| known(&key.missed, |it| number(it.in_a_row))),
    ),
    metric(
        "pospool_key_restake_votes",
        "Votes that have left after a retirement and can be staked again",
        |it| keys(it, |key| known(&key.restake_due, |it| number(*it))),
    ),
    metric(
        "pospool_syncer_healthy",
        "Whether the syncer's own health check passes",
        |it| {
            syncers(it, |syncer| {
                known(&syncer.trouble, |it| truth(it.is_none()))
            })
        },
    ),
    metric(
        "pospool_syncer_lag_seconds",
        "For how long the oldest duty of the bridge is open",
        |it| syncers(it, |syncer| known(&syncer.lag_seconds, |it| number(*it))),
    ),
    metric(
        "pospool_syncer_balance_cfx",
        "What the syncer's account has",
        |it| syncers(it, |syncer| known(&syncer.balance_drip, |it| cfx(*it))),
    ),
    metric(
        "pospool_page_answers",
        "Whether the web page answers",
        |it| pages(it, |page| known(&page.answers, |it| truth(*it))),
    ),
    metric("pospool_account_balance_cfx", "What an account has", |it| {
        accounts(it, |account| known(&account.balance_drip, |it| cfx(*it)))
    }),
];

/// The metrics of a status as text.
#[must_use]
pub fn format_metrics(status: &PoolStatus, diagnoses: &[Diagnosis], verdict: &Verdict) -> String {
    let measured = Measured {
        status,
        diagnoses,
        verdict,
    };
    let mut registry = Registry::default();
    for metric in METRICS {
        let family = Family::<Vec<(String, String)>, Gauge<f64, AtomicU64>>::default();
        for sample in (metric.read)(measured) {
            family.get_or_create(&sample.labels).set(sample.value);
        }
        registry.register(metric.name, metric.help, family);
    }
    let mut text = String::new();
    // Writing to a text cannot fail.
    let _ = encode(&mut text, &registry);
    text
}

fn sample(labels: &[(&str, &str)], value: f64) -> Sample {
    let labels = labels.iter();
    let labels = labels.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Sample {
        labels: labels.collect(),
        value,
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Prometheus has no other numbers, and none of ours is near 2^53 where each unit counts"
)]
fn number(value: u64) -> f64 {
    value as f64
}

fn truth(value: bool) -> f64 {
    f64::from(u8::from(value))
}

/// To a millionth: enough for a warning, and no number of ours is exact in this form.
fn cfx(drip: Drip) -> f64 {
    let millionths = u64::try_from(drip.0 / (Drip::PER_CFX / 1_000_000)).unwrap_or(u64::MAX);
    number(millionths) / 1e6
}

fn known<T>(figure: &Figure<T>, read: impl Fn(&T) -> f64) -> Option<f64> {
    figure.known().map(read)
}

/// Samples of things that have a name, without those of which nothing is known.
fn named<'a, T: 'a>(
    things: impl IntoIterator<Item = &'a T>,
    name: impl Fn(&T) -> &Address,
    read: impl Fn(&T) -> Option<f64>,
) -> Vec<Sample> {
    let things = things.into_iter();
    let samples =
        things.filter_map(|it| Some(sample(&[("resource", name(it).as_str())], read(it)?)));
    samples.collect()
}

fn nodes(it: Measured<'_>, read: impl Fn(&NodeStatus) -> Option<f64>) -> Vec<Sample> {
    named(&it.status.nodes, |node| &node.address, read)
}

fn keys(it: Measured<'_>, read: impl Fn(&KeyStatus) -> Option<f64>) -> Vec<Sample> {
    named(&it.status.keys, |key| &key.address, read)
}

fn syncers(it: Measured<'_>, read: impl Fn(&SyncerStatus) -> Option<f64>) -> Vec<Sample> {
    named(&it.status.syncers, |syncer| &syncer.address, read)
}

fn pages(it: Measured<'_>, read: impl Fn(&PageStatus) -> Option<f64>) -> Vec<Sample> {
    named(&it.status.pages, |page| &page.address, read)
}

fn accounts(it: Measured<'_>, read: impl Fn(&AccountStatus) -> Option<f64>) -> Vec<Sample> {
    let accounts = it.status.accounts.iter();
    let samples = accounts.filter_map(|account| {
        let labels = [
            ("resource", account.address.as_str()),
            ("space", account.space.as_str()),
        ];
        Some(sample(&labels, read(account)?))
    });
    samples.collect()
}

fn read_retirement(node: &NodeStatus) -> Option<f64> {
    match node.budget.known()? {
        Budget::Left { seconds, .. } => seconds.map(number),
        Budget::NotElected => None,
    }
}

fn read_verdict(it: Measured<'_>) -> Vec<Sample> {
    let questions: [(&str, &Answered); 3] = [
        ("safe", &it.verdict.safe),
        ("earning", &it.verdict.earning),
        ("may_restart", &it.verdict.may_restart),
    ];
    let answers = [
        ("yes", Light::Yes),
        ("no", Light::No),
        ("unknown", Light::Unknown),
    ];
    let samples = questions.iter().flat_map(|(question, answered)| {
        answers.iter().map(move |(answer, light)| {
            let labels = [("question", *question), ("answer", *answer)];
            sample(&labels, truth(answered.light == *light))
        })
    });
    samples.collect()
}

fn read_states(it: Measured<'_>, is_meant: fn(&Answer) -> bool) -> Vec<Sample> {
    let found = it.diagnoses.iter().filter(|found| is_meant(&found.answer));
    let samples = found.map(|found| {
        let resource = found.address.as_ref().map_or("", Address::as_str);
        let labels = [
            ("id", found.state.id),
            ("level", found.state.level.word()),
            ("resource", resource),
        ];
        sample(&labels, 1.0)
    });
    samples.collect()
}
