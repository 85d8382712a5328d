//! How good a machine is, for people and for programs.
//!
//! - Reads: figures of the machine, and their grades.
//! - Returns: a line for each requirement, with what to do where it is not met; or JSON.
//! - Never: calls good what was not seen.

use std::fmt::Write as _;

use pospool_model::status::MachineStatus;
use pospool_status::{Grade, Graded};
use serde_json::{Value as Json, json};

use super::{FORMAT_VERSION, Paint, clean_line, format_count};

fn grade_word(grade: Grade, paint: Paint) -> String {
    match grade {
        Grade::Good => paint.green("good  "),
        Grade::Enough => "enough".to_owned(),
        Grade::Unknown => paint.yellow("?     "),
        Grade::Poor => paint.red("poor  "),
    }
}

/// The grades as text.
#[must_use]
pub fn format_machine(machine: &MachineStatus, graded: &[Graded], paint: Paint) -> String {
    let folder = clean_line(&machine.folder);
    let mut text = format!(
        "{}\n",
        paint.bold(&format!("this machine, with data in {folder}"))
    );
    for one in graded {
        let requirement = one.requirement;
        let _ = writeln!(
            text,
            "  {} {} {:10} {} ({})",
            grade_word(one.grade, paint),
            requirement.id,
            requirement.title,
            clean_line(&one.found),
            requirement.needs
        );
        if one.grade >= Grade::Unknown {
            let _ = writeln!(text, "            why {}", requirement.why);
            let _ = writeln!(text, "            do  {}", requirement.remedy);
        }
    }
    let number = |grade| graded.iter().filter(|one| one.grade == grade).count();
    let (poor, unknown) = (number(Grade::Poor), number(Grade::Unknown));
    let mut parts = Vec::new();
    if poor > 0 {
        parts.push(format_count(poor, "thing is poor", "things are poor"));
    }
    if unknown > 0 {
        parts.push(format_count(
            unknown,
            "thing is not known",
            "things are not known",
        ));
    }
    if parts.is_empty() {
        parts.push("a node can run here".to_owned());
    }
    let _ = writeln!(text, "\n{}", parts.join(", "));
    text
}

/// The grades as JSON.
#[must_use]
pub fn machine_to_json(machine: &MachineStatus, graded: &[Graded]) -> Json {
    let rows = graded.iter().map(|one| {
        json!({
            "id": one.requirement.id,
            "title": one.requirement.title,
            "grade": one.grade,
            "found": one.found,
            "needs": one.requirement.needs,
            "why": one.requirement.why,
            "remedy": one.requirement.remedy,
        })
    });
    json!({
        "format_version": FORMAT_VERSION,
        "machine": machine,
        "grades": rows.collect::<Vec<_>>(),
    })
}
