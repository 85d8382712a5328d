//! A saved plan.
//!
//! - Reads: any bytes as a plan file.
//! - Checks: no panic while it is read, checked and shown; what was read is what is written. Where there is a key, nothing
//!   of it is believed; sealed, it is the same.

use std::collections::BTreeMap;
use std::path::Path;

use pospool_cli::view::Paint;
use pospool_cli::view::plan::{self, Around};
use pospool_engine::check;
use pospool_engine::observe::SeenResources;
use pospool_engine::planfile::{self, PlanFile};
use pospool_engine::store::{open_plan, seal_plan};
use pospool_model::state::State;

use crate::sealed;
use crate::shown;

/// One run.
pub fn fuzz_plan_file(bytes: &[u8]) {
    let name = Path::new("plan.json");
    let opened = open_plan(name, bytes, Some(sealed::key()));
    let believed = opened.and_then(|plain| planfile::decode_plan(name, &plain));
    assert!(believed.is_err(), "nobody has the key");
    let Ok(PlanFile {
        plan,
        variables,
        withheld,
        ..
    }) = planfile::decode_plan(name, bytes)
    else {
        return;
    };
    let problems = check::check_plan(&plan, &State::default(), &SeenResources::default());
    let around = Around {
        findings: &[],
        outputs: &BTreeMap::new(),
        destroy: false,
        refused: !problems.is_empty(),
        paint: Paint::PLAIN,
    };
    shown::check_shown(&plan::format_plan(&plan, around));
    assert!(plan::summarise_plan(&plan).is_object());
    shown::check_shown(&plan::format_variables(&variables, &withheld));
    let file = PlanFile::new(plan, variables);
    let written = serde_json::to_vec(&file).expect("plain data has a JSON form");
    let again = planfile::decode_plan(name, &written).expect("what was written can be read");
    assert_eq!((again.plan, again.variables), (file.plan, file.variables));
    let sealed = seal_plan(written.clone(), Some(sealed::key())).expect("it is JSON");
    let opened = open_plan(name, &sealed, Some(sealed::key()));
    assert_eq!(opened.expect("what was sealed can be opened"), written);
}
