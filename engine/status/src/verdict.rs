//! The verdict: am I safe, am I earning, may I touch it.

use pospool_model::FindingKind;
use pospool_model::guard::Voting;
use pospool_model::status::{Budget, KeyStatus, Missing, NodeStatus, PoolStatus, Unknown};
use serde::Serialize;

use crate::doctor::{Answer, Diagnosis};
use crate::state::Level;
use crate::words::{format_duration, format_working_votes};

/// Blocks in a row without a vote after which a key does not earn.
const SILENT: u64 = 5;

/// An answer that is not known as long as what it follows from is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Light {
    /// Yes.
    Yes,
    /// No.
    No,
    /// Nobody can tell.
    Unknown,
}

/// One question with its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answered {
    /// The answer.
    pub light: Light,
    /// Why.
    pub why: String,
}

/// The verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The three answers in one sentence.
    pub sentence: String,
    /// Whether nothing bad is there or near.
    pub safe: Answered,
    /// Whether the votes of the pool work and are cast.
    pub earning: Answered,
    /// Whether a node may be stopped for some minutes now.
    pub may_restart: Answered,
}

fn answered(light: Light, why: impl Into<String>) -> Answered {
    let why = why.into();
    Answered { light, why }
}

fn unknown(missing: &Missing) -> Answered {
    let why = format!("{} is not known: {}", missing.what, missing.why.why());
    answered(Light::Unknown, why)
}

/// Finds the verdict on a status whose states were checked.
#[must_use]
pub fn find_verdict(status: &PoolStatus, diagnoses: &[Diagnosis]) -> Verdict {
    let safe = find_safe(status, diagnoses);
    let earning = find_earning(status);
    let may_restart = find_may_restart(status);
    Verdict {
        sentence: sentence(&safe, &earning, &may_restart),
        safe,
        earning,
        may_restart,
    }
}

fn sentence(safe: &Answered, earning: &Answered, may_restart: &Answered) -> String {
    let word = |answered: &Answered, words: [&str; 3]| {
        match answered.light {
            Light::Yes => words[0],
            Light::No => words[1],
            Light::Unknown => words[2],
        }
        .to_owned()
    };
    let mut parts = vec![word(
        safe,
        ["safe", "NOT SAFE", "nobody can tell whether it is safe"],
    )];
    parts.push(word(
        earning,
        ["earning", "not earning", "nobody can tell whether it earns"],
    ));
    parts.push(word(
        may_restart,
        [
            "may be restarted now",
            "do not restart it now",
            "nobody can tell whether it may be restarted",
        ],
    ));
    parts.join("; ")
}

fn find_safe(status: &PoolStatus, diagnoses: &[Diagnosis]) -> Answered {
    let critical = |one: &&Diagnosis| one.state.level == Level::Critical;
    let present = diagnoses.iter().filter(critical).find_map(|one| {
        let about = one.address.as_ref().map(|about| format!("{about}: "));
        matches!(one.answer, Answer::Present { .. }).then(|| {
            format!(
                "{}{} ({})",
                about.unwrap_or_default(),
                one.state.title,
                one.state.id
            )
        })
    });
    if let Some(why) = present {
        return answered(Light::No, why);
    }
    let finding = |kind| {
        let mut findings = status.findings.iter();
        let found = findings.find(|finding| finding.kind == kind)?;
        Some(format!(
            "{}: {} [{}]",
            found.address, found.reason, found.code
        ))
    };
    if let Some(why) = finding(FindingKind::Wrong) {
        return answered(Light::No, why);
    }
    if let Some(why) = finding(FindingKind::Unknown) {
        return answered(Light::Unknown, why);
    }
    if let Some(unseen) = status.unseen.first() {
        let why = format!("{} could not be looked at: {}", unseen.address, unseen.why);
        return answered(Light::Unknown, why);
    }
    let untold = diagnoses
        .iter()
        .filter(critical)
        .find_map(|one| match &one.answer {
            Answer::CannotTell {
                missing,
                why,
                looked: true,
            } => Some(format!(
                "{} ({}) cannot be told: {missing}: {why}",
                one.state.title, one.state.id
            )),
            _ => None,
        });
    match untold {
        Some(why) => answered(Light::Unknown, why),
        None if status.nodes.is_empty() => answered(Light::Unknown, "there is no node to look at"),
        None => answered(Light::Yes, "nothing bad is there or near"),
    }
}

fn find_earning(status: &PoolStatus) -> Answered {
    let mut keys = status.keys.iter().map(key_earns);
    let Some(first) = keys.next() else {
        // Without a plan nobody has asked which keys there are, such as from inside of a node's container.
        return match status.changes.unknown() {
            None => answered(Light::No, "no key is registered"),
            Some(why) => {
                let why = format!("whose key is registered is not known: {}", why.why());
                answered(Light::Unknown, why)
            }
        };
    };
    let worst = |a: Answered, b: Answered| if rank(b.light) > rank(a.light) { b } else { a };
    keys.fold(first, worst)
}

fn rank(light: Light) -> u8 {
    match light {
        Light::Yes => 0,
        Light::Unknown => 1,
        Light::No => 2,
    }
}

fn key_earns(key: &KeyStatus) -> Answered {
    if let Some(Unknown::NotCollected(why)) = key.key.unknown() {
        return answered(Light::No, why.as_str());
    }
    let earns = || -> Result<Answered, Missing> {
        let votes = key.votes.need("what PoS counts for the key")?;
        if votes.working == 0 {
            return Ok(answered(
                Light::No,
                format!("no vote of {} works", key.address),
            ));
        }
        if !*key.elected.need("whether the key is elected")? {
            let why = format!(
                "{}, and the key is not elected now",
                format_working_votes(votes.working)
            );
            return Ok(answered(Light::No, why));
        }
        let missed = key.missed.need("its votes in the last blocks")?;
        if missed.in_a_row >= SILENT {
            let why = format!(
                "the key is elected and has no vote in the last {} blocks",
                missed.in_a_row
            );
            return Ok(answered(Light::No, why));
        }
        let cast = missed.blocks - missed.missed;
        let why = format!(
            "{}, the key is elected, and has voted in {cast} of the last {} blocks",
            format_working_votes(votes.working),
            missed.blocks
        );
        Ok(answered(Light::Yes, why))
    };
    earns().unwrap_or_else(|missing| unknown(&missing))
}

fn find_may_restart(status: &PoolStatus) -> Answered {
    if status.open_effects > 0 {
        let why = "an apply is under way, or was cut: `pospool apply` goes on with it";
        return answered(Light::No, why);
    }
    let mut nodes = status.nodes.iter().map(node_may_restart);
    let Some(first) = nodes.next() else {
        return answered(Light::Unknown, "there is no node to look at");
    };
    let worst = |a: Answered, b: Answered| if rank(b.light) > rank(a.light) { b } else { a };
    nodes.fold(first, worst)
}

fn node_may_restart(node: &NodeStatus) -> Answered {
    let may = || -> Result<Answered, Missing> {
        let guard = node.guard.need("the word of its guard")?;
        if guard.voting == Voting::Off {
            let why = format!("{} does not vote: {}", node.address, guard.why);
            return Ok(answered(Light::Yes, why));
        }
        Ok(
            match *node
                .budget
                .need("how long the key may stay without a vote")?
            {
                Budget::NotElected => answered(
                    Light::Yes,
                    "the key is not elected: nothing is expected of it",
                ),
                Budget::Left {
                    epoch,
                    seconds,
                    voted,
                    ..
                } => {
                    let time = seconds.map_or_else(String::new, |seconds| {
                        format!(", {} left", format_duration(seconds))
                    });
                    if voted {
                        let why = format!(
                            "the key would be retired at the end of PoS epoch {epoch}{time}"
                        );
                        answered(Light::Yes, why)
                    } else {
                        let why = format!(
                            "the key has no vote in this PoS epoch yet, and is retired at the end of epoch {epoch} without one{time}"
                        );
                        answered(Light::No, why)
                    }
                }
            },
        )
    };
    may().unwrap_or_else(|missing| unknown(&missing))
}
