//! What a node needs of a machine, as a table with grades: `pospool doctor --host`.

use pospool_model::status::{MachineStatus, Missing};
use serde::Serialize;

use crate::words::format_bytes;

/// How well a machine meets one requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// More than enough.
    Good,
    /// It will do.
    Enough,
    /// Nobody can tell.
    Unknown,
    /// A node will suffer.
    Poor,
}

/// One requirement.
#[derive(Clone, Copy, Debug)]
pub struct Requirement {
    /// Its id: a promise.
    pub id: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// What is enough, and what is good.
    pub needs: &'static str,
    /// What follows where it is not met.
    pub why: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// What there is and how good that is, or which figure is missing.
    grade: fn(&MachineStatus) -> Result<(Grade, String), Missing>,
}

/// A requirement, and how it is met.
#[derive(Clone, Debug)]
pub struct Graded {
    /// The requirement.
    pub requirement: &'static Requirement,
    /// How it is met.
    pub grade: Grade,
    /// What there is, or why nobody can tell.
    pub found: String,
}

const GB: u64 = 1_000_000_000;
const MB: u64 = 1_000_000;

/// A number that is good from one bound on, and enough from another.
fn grade_number(found: u64, enough: u64, good: u64) -> Grade {
    if found >= good {
        Grade::Good
    } else if found >= enough {
        Grade::Enough
    } else {
        Grade::Poor
    }
}

/// The rows.
pub(crate) const REQUIREMENTS: &[Requirement] = &[
    Requirement {
        id: "H1",
        title: "cores",
        needs: "4 are enough, 8 are good",
        why: "with fewer a node does not catch up beside a growing chain",
        remedy: "a larger machine",
        grade: |machine| {
            let cores = *machine.cores.need("its cores")?;
            Ok((grade_number(cores, 4, 8), format!("{cores} cores")))
        },
    },
    Requirement {
        id: "H2",
        title: "memory",
        needs: "16 GB are enough, 32 GB are good",
        why: "a node that is killed at each peak of memory never catches up",
        remedy: "a larger machine",
        grade: |machine| {
            let memory = *machine.memory_bytes.need("its memory")?;
            // A machine that is sold as one of 16 GB shows less.
            let grade = grade_number(memory, 15 * GB, 30 * GB);
            Ok((grade, format_bytes(memory)))
        },
    },
    Requirement {
        id: "H3",
        title: "free disk",
        needs: "1 TB is enough, 1.5 TB are good",
        why: "a full disk ends a node in the middle of a write, and a chain only grows",
        remedy: "a larger disk, or another folder: `--folder DIR`",
        grade: |machine| {
            let free = *machine.disk_free_bytes.need("the free disk")?;
            let grade = grade_number(free, 1000 * GB, 1500 * GB);
            Ok((grade, format!("{} free", format_bytes(free))))
        },
    },
    Requirement {
        id: "H4",
        title: "disk speed",
        needs: "150 MB/s are enough, 400 MB/s are good",
        why: "a node on a slow disk falls behind, and no wait helps",
        remedy: "an SSD (NVMe) of this machine, no network disk",
        grade: |machine| {
            let speed = *machine
                .disk_write_bytes_per_second
                .need("the speed of the disk")?;
            let grade = grade_number(speed, 150 * MB, 400 * MB);
            Ok((grade, format!("{}/s written", format_bytes(speed))))
        },
    },
    Requirement {
        id: "H5",
        title: "clock",
        needs: "a time source keeps it",
        why: "PoS takes no proposal from the future, and a clock that jumps looks like a dead network",
        remedy: "timedatectl set-ntp true    # or chrony",
        grade: |machine| {
            let kept = *machine.clock_synchronised.need("whether it is kept")?;
            Ok(if kept {
                (Grade::Good, "a time source keeps it".to_owned())
            } else {
                (Grade::Poor, "nothing keeps it".to_owned())
            })
        },
    },
    Requirement {
        id: "H6",
        title: "ports",
        needs: "32323 is free, TCP and UDP",
        why: "a node that no other reaches syncs and votes worse",
        remedy: "stop what has the port, or write another `publish_p2p` into the spec",
        grade: |machine| {
            let taken = machine.taken_ports.need("which ports are free")?;
            Ok(if taken.is_empty() {
                (Grade::Good, "32323 is free".to_owned())
            } else {
                (Grade::Poor, format!("taken: {}", taken.join(", ")))
            })
        },
    },
    Requirement {
        id: "H7",
        title: "Docker",
        needs: "an Engine that this user reaches; `live-restore` on is good",
        why: "all of a pool runs in containers, which an engine without `live-restore` stops at each upgrade",
        remedy: "docs/guide/public-networks.md has what belongs into /etc/docker/daemon.json",
        grade: |machine| {
            let engine = machine.engine.need("the Docker Engine")?;
            let mut found = format!(
                "Docker Engine {}, storage {}",
                engine.version, engine.storage_driver
            );
            // The oldest storage of all copies whole files, and has no limit of size.
            if engine.storage_driver == "vfs" {
                return Ok((Grade::Poor, found));
            }
            if engine.live_restore {
                return Ok((Grade::Good, found));
            }
            found.push_str(", `live-restore` is off");
            Ok((Grade::Enough, found))
        },
    },
    Requirement {
        id: "H8",
        title: "open files",
        needs: "10,000 are enough, 65,536 are good",
        why: "conflux opens some thousands of files, and ends where it may not",
        remedy: "systemctl edit docker    # [Service] LimitNOFILE=1048576",
        grade: |machine| {
            let limit = *machine.open_files_limit.need("the limit of open files")?;
            let grade = grade_number(limit, 10_000, 65_536);
            Ok((grade, format!("{limit} for this user's programs")))
        },
    },
];

/// All requirements.
#[must_use]
pub fn requirements() -> &'static [Requirement] {
    REQUIREMENTS
}

/// Grades a machine.
#[must_use]
pub fn grade_machine(machine: &MachineStatus) -> Vec<Graded> {
    let graded = REQUIREMENTS.iter().map(|requirement| {
        let (grade, found) = match (requirement.grade)(machine) {
            Ok(graded) => graded,
            Err(missing) => {
                let why = format!("{}: {}", missing.what, missing.why.why());
                (Grade::Unknown, why)
            }
        };
        Graded {
            requirement,
            grade,
            found,
        }
    });
    graded.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pospool_model::status::{EngineWord, Figure};

    fn seen<T>(value: T) -> Figure<T> {
        Figure::seen("test", value)
    }

    fn good() -> MachineStatus {
        MachineStatus {
            cores: seen(8),
            memory_bytes: seen(30 * GB),
            disk_free_bytes: seen(1500 * GB),
            disk_write_bytes_per_second: seen(400 * MB),
            clock_synchronised: seen(true),
            taken_ports: seen(Vec::new()),
            engine: seen(EngineWord {
                version: "27.5.1".to_owned(),
                storage_driver: "overlay2".to_owned(),
                live_restore: true,
            }),
            open_files_limit: seen(65_536),
            ..MachineStatus::default()
        }
    }

    fn grade_of(machine: &MachineStatus, id: &str) -> Grade {
        let graded = grade_machine(machine);
        graded
            .iter()
            .find(|one| one.requirement.id == id)
            .unwrap()
            .grade
    }

    #[test]
    fn each_requirement_has_bounds_on_both_sides() {
        type Change = fn(&mut MachineStatus);
        for one in grade_machine(&good()) {
            assert_eq!(one.grade, Grade::Good, "{}", one.requirement.id);
        }
        let cases: &[(&str, Grade, Change)] = &[
            ("H1", Grade::Enough, |it| it.cores = seen(4)),
            ("H1", Grade::Poor, |it| it.cores = seen(3)),
            ("H2", Grade::Enough, |it| it.memory_bytes = seen(15 * GB)),
            ("H2", Grade::Poor, |it| it.memory_bytes = seen(15 * GB - 1)),
            ("H3", Grade::Enough, |it| {
                it.disk_free_bytes = seen(1000 * GB);
            }),
            ("H3", Grade::Poor, |it| it.disk_free_bytes = seen(999 * GB)),
            ("H4", Grade::Enough, |it| {
                it.disk_write_bytes_per_second = seen(150 * MB);
            }),
            ("H4", Grade::Poor, |it| {
                it.disk_write_bytes_per_second = seen(149 * MB);
            }),
            ("H5", Grade::Poor, |it| it.clock_synchronised = seen(false)),
            ("H6", Grade::Poor, |it| {
                it.taken_ports = seen(vec!["32323/tcp".to_owned()]);
            }),
            ("H7", Grade::Enough, |it| {
                it.engine = it.engine.map(|engine| EngineWord {
                    live_restore: false,
                    ..engine.clone()
                });
            }),
            ("H7", Grade::Poor, |it| {
                it.engine = it.engine.map(|engine| EngineWord {
                    storage_driver: "vfs".to_owned(),
                    ..engine.clone()
                });
            }),
            ("H8", Grade::Enough, |it| it.open_files_limit = seen(10_000)),
            ("H8", Grade::Poor, |it| it.open_files_limit = seen(9999)),
        ];
        for (id, grade, change) in cases {
            let mut machine = good();
            change(&mut machine);
            assert_eq!(grade_of(&machine, id), *grade, "{id}");
        }
        let tried: std::collections::BTreeSet<&str> = cases.iter().map(|case| case.0).collect();
        assert_eq!(tried.len(), requirements().len(), "each has a bad case");
    }

    #[test]
    fn what_was_not_seen_is_neither_good_nor_poor() {
        for one in grade_machine(&MachineStatus::default()) {
            assert_eq!(one.grade, Grade::Unknown, "{}", one.requirement.id);
            assert!(!one.found.is_empty());
        }
    }
}
