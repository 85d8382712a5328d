//! Addresses of what is made: an object has that of its resource in its name and its labels, and keeps it.
//!
//! - Reads: what is recorded of a resource, and an address that it has or is to have.
//! - Returns: a problem where the object was made for another address.
//! - Never: does I/O; renames anything. Docker changes no labels, and a plan finds containers by these: an object
//!   with two addresses would be made a second time, and a key would have two containers.

use pospool_model::state::Recorded;
use pospool_model::{Address, Problem};

use crate::attributes::attribute_text;
use crate::codes;
use crate::kinds::{DockerKind, kind_named};
use crate::names::{self, Name, NameError};

/// Whether a resource can have this address from now on: what it made must be that address's own.
pub(crate) fn check_rename(
    lineage: &str,
    to: &Address,
    recorded: &Recorded,
) -> Result<(), Problem> {
    let Some(recorded_name) = recorded_name(to, recorded) else {
        let what =
            format!("it is not recorded what was made of `{to}` so far: its step did not end");
        return Err(
            Problem::new(codes::MADE_FOR_ANOTHER, &[], what).help("run `pospool apply` first")
        );
    };
    if recorded_name.starts_with('/') {
        let what =
            format!("the folder `{recorded_name}` is marked with the address that it was made for");
        return Err(Problem::new(codes::MADE_FOR_ANOTHER, &[], what).help(KEEP_VOLUME));
    }
    match stranger(lineage, to, recorded_name)? {
        Some(what) => Err(Problem::new(codes::MADE_FOR_ANOTHER, &[], what).help(keep(to))),
        None => Ok(()),
    }
}

/// Refuses a resource whose recorded object was made for another address, by an earlier version's `state mv` or by hand.
pub(crate) fn refuse_renamed(
    lineage: &str,
    address: &Address,
    recorded: &Recorded,
) -> Result<(), Problem> {
    let Some(recorded_name) =
        recorded_name(address, recorded).filter(|recorded_name| !recorded_name.starts_with('/'))
    else {
        return Ok(());
    };
    let Some(what) = stranger(lineage, address, recorded_name)? else {
        return Ok(());
    };
    let back = match before(lineage, address, recorded_name) {
        Some(before) => {
            format!("run `pospool state mv {address} {before}` and give its block that label again")
        }
        None => keep(address).to_owned(),
    };
    Err(Problem::new(codes::MADE_FOR_ANOTHER, &[], what).help(back))
}

/// Says that an object is not the one that an address has.
fn stranger(
    lineage: &str,
    address: &Address,
    recorded_name: &str,
) -> Result<Option<String>, Problem> {
    let own = object(lineage, address).map_err(|error| error.problem(&[]))?;
    Ok((own.as_str() != recorded_name).then(|| {
        format!("`{recorded_name}` was made for another address, which is in its labels, and Docker does not change these")
    }))
}

fn keep(address: &Address) -> &'static str {
    match address.kind() {
        "volume" => KEEP_VOLUME,
        _ => KEEP_CONTAINER,
    }
}

const KEEP_CONTAINER: &str = "keep its label, or take its block out of the spec and apply, and then write it with another label \
                              and apply: so there never are two at once";
const KEEP_VOLUME: &str = "keep its label: a volume with another label is another volume, without the data and the key of \
                           this one";

/// Name of the object that an address has.
fn object(lineage: &str, address: &Address) -> Result<Name, NameError> {
    match kind_named(address.kind()) {
        DockerKind::Container(kind) => kind.container(lineage, address),
        DockerKind::Host | DockerKind::Volume => names::object_name(lineage, address),
    }
}

/// Name of the object that a resource made.
fn recorded_name<'a>(address: &Address, recorded: &'a Recorded) -> Option<&'a str> {
    let output = match address.kind() {
        "volume" => "name",
        _ => "container_name",
    };
    attribute_text(&recorded.outputs, output)
}

/// The address that an object was made for, by its name beside that of an object of the same kind.
fn before(lineage: &str, address: &Address, recorded_name: &str) -> Option<Address> {
    let own = object(lineage, address).ok()?;
    let start = own.as_str().strip_suffix(address.label())?;
    format!("{}.{}", address.kind(), recorded_name.strip_prefix(start)?)
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pospool_model::Value;

    const LINEAGE: &str = "1a2b3c4d-0000";

    fn recorded(output: &str, name: &str) -> Recorded {
        Recorded {
            outputs: [(output.to_owned(), Value::from(name))].into(),
            complete: true,
            ..Recorded::default()
        }
    }

    fn at(text: &str) -> Address {
        text.parse().unwrap()
    }

    /// It cannot move, is refused where it was moved all the same, and can move back.
    fn stays(kind: &str, output: &str, name: &str, way: &str) {
        let recorded = recorded(output, name);
        let (own, other) = (at(&format!("{kind}.main")), at(&format!("{kind}.other")));
        let before = check_rename(LINEAGE, &other, &recorded).unwrap_err();
        let after = refuse_renamed(LINEAGE, &other, &recorded).unwrap_err();
        let back = format!("`pospool state mv {other} {own}`");
        for (problem, way) in [(before, way), (after, &*back)] {
            assert_eq!(problem.code, "docker/made-for-another");
            assert!(problem.summary.contains(name), "{problem:?}");
            let help = problem.help.unwrap();
            assert!(help.contains(way), "{help}");
        }
        assert_eq!(check_rename(LINEAGE, &own, &recorded), Ok(()));
        assert_eq!(refuse_renamed(LINEAGE, &own, &recorded), Ok(()));
    }

    #[test]
    fn case_state_mv_a_volume_keeps_its_address() {
        stays(
            "volume",
            "name",
            "pospool-1a2b3c4d-main",
            "without the data",
        );
    }

    #[test]
    fn case_state_mv_a_folder_keeps_its_address() {
        let folder = recorded("name", "/srv/pool");
        let problem = check_rename(LINEAGE, &at("volume.other"), &folder).unwrap_err();
        assert_eq!(problem.code, "docker/made-for-another");
        assert_eq!(
            refuse_renamed(LINEAGE, &at("volume.other"), &folder),
            Ok(())
        );
    }

    #[test]
    fn case_state_mv_a_node_keeps_its_address() {
        stays(
            "node",
            "container_name",
            "pospool-1a2b3c4d-main",
            "never are two",
        );
    }

    #[test]
    fn case_state_mv_a_ui_keeps_its_address() {
        stays(
            "ui",
            "container_name",
            "pospool-1a2b3c4d-ui.main",
            "never are two",
        );
    }

    #[test]
    fn case_state_mv_a_syncer_keeps_its_address() {
        stays(
            "syncer",
            "container_name",
            "pospool-1a2b3c4d-syncer.main",
            "never are two",
        );
    }

    #[test]
    fn case_state_mv_what_was_cut_goes_on_under_its_own_address_first() {
        let cut = Recorded::default();
        let problem = check_rename(LINEAGE, &at("syncer.other"), &cut).unwrap_err();
        assert!(problem.help.unwrap().contains("`pospool apply`"));
        assert_eq!(refuse_renamed(LINEAGE, &at("syncer.main"), &cut), Ok(()));
    }
}
