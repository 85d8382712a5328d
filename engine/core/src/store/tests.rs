use std::fs;

use pospool_model::{Address, Attributes, Value};
use serde_json::json;
use tempfile::TempDir;

use super::*;

fn open(folder: &TempDir) -> Result<Store, StoreError> {
    Store::open(&folder.path().join("state.json"), Mode::Write, "test")
}

fn id(name: &str) -> EffectId {
    EffectId {
        address: "node.main".parse().unwrap(),
        name: name.to_owned(),
    }
}

fn begin(name: &str) -> JournalEntry {
    JournalEntry::Begin {
        id: id(name),
        provider: "fake".into(),
        ticket: Ticket {
            key: format!("key-{name}"),
            payload: json!({"n": 1}),
        },
        depends_on: vec!["volume.main".parse().unwrap()],
    }
}

fn put(label: &str) -> JournalEntry {
    JournalEntry::Put {
        address: Address::new("record", label).unwrap(),
        recorded: Recorded {
            complete: true,
            ..Recorded::default()
        },
    }
}

/// A ticket that is read is the one that was written, to the last digit.
#[test]
fn a_number_with_many_digits_survives_the_journal() {
    let written = 7.777_877_777_777_778e77;
    let text = "77778777777777777777777777777777777777777777777777777777777777777777777777777712";
    let read: f64 = serde_json::from_str(text).unwrap();
    let again: f64 = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
    assert_eq!(read.to_bits(), again.to_bits());
    let folder = TempDir::new().unwrap();
    let mut entry = begin("a");
    if let JournalEntry::Begin { ticket, .. } = &mut entry {
        ticket.payload = json!({ "n": written });
    }
    let mut store = open(&folder).unwrap();
    store.record(entry).unwrap();
    store.sync().unwrap();
    drop(store);
    let store = open(&folder).unwrap();
    assert_eq!(store.open_effects()[0].ticket.payload["n"], json!(written));
}

#[test]
fn what_was_begun_and_not_ended_is_open_after_a_crash() {
    let folder = TempDir::new().unwrap();
    {
        let mut store = open(&folder).unwrap();
        store.record(begin("a")).unwrap();
        store.record(begin("b")).unwrap();
        let outputs = Attributes::from([("id".to_owned(), Value::from("42"))]);
        store
            .record(JournalEntry::End {
                id: id("a"),
                outputs,
            })
            .unwrap();
        store.sync().unwrap();
    }
    let store = open(&folder).unwrap();
    assert_eq!(store.open_effects().len(), 1);
    assert_eq!(store.open_effects()[0].id, id("b"));
    let recorded = &store.state().resources[&id("a").address];
    assert_eq!(recorded.outputs["id"], Value::from("42"));
    assert!(!recorded.complete);
}

#[test]
fn a_torn_last_line_is_cut_off_at_every_byte() {
    let folder = TempDir::new().unwrap();
    let journal = folder.path().join("state.json.journal");
    {
        let mut store = open(&folder).unwrap();
        store.record(put("one")).unwrap();
        store.sync().unwrap();
    }
    let whole = fs::read(&journal).unwrap();
    {
        let mut store = open(&folder).unwrap();
        store.record(put("two")).unwrap();
        store.sync().unwrap();
    }
    let longer = fs::read(&journal).unwrap();
    for cut in whole.len()..longer.len() {
        fs::write(&journal, &longer[..cut]).unwrap();
        let mut store = open(&folder).unwrap();
        assert_eq!(store.state().resources.len(), 1, "cut at {cut}");
        store.record(put("three")).unwrap();
        store.sync().unwrap();
        drop(store);
        assert_eq!(
            open(&folder).unwrap().state().resources.len(),
            2,
            "cut at {cut}"
        );
    }
}

#[test]
fn a_journal_that_never_got_its_first_line_is_no_journal() {
    let folder = TempDir::new().unwrap();
    open(&folder).unwrap().save().unwrap();
    let journal = folder.path().join("state.json.journal");
    for start in ["", "0123", "01234567 {\"format\":"] {
        fs::write(&journal, start).unwrap();
        assert!(open(&folder).unwrap().open_effects().is_empty());
    }
}

#[test]
fn damage_inside_the_journal_is_refused() {
    let folder = TempDir::new().unwrap();
    {
        let mut store = open(&folder).unwrap();
        for label in ["one", "two", "three"] {
            store.record(put(label)).unwrap();
            store.sync().unwrap();
        }
    }
    let journal = folder.path().join("state.json.journal");
    let text = fs::read_to_string(&journal)
        .unwrap()
        .replace("record.two", "record.ten");
    fs::write(&journal, text).unwrap();
    let error = open(&folder).unwrap_err();
    assert!(
        matches!(error, StoreError::DamagedJournal { line: 3, .. }),
        "{error}"
    );
}

#[test]
fn what_is_not_a_whole_state_of_this_program_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("state.json");
    let cases = [
        ("", "state/empty"),
        (" \n", "state/empty"),
        ("{", "state/damaged"),
        (
            r#"{"version": 4, "terraform_version": "1.11"}"#,
            "state/foreign",
        ),
        (
            r#"{"format": "pospool-state", "version": 3, "state": {}}"#,
            "state/too-new",
        ),
        (
            r#"{"format": "pospool-state", "version": 1, "state": {}}"#,
            "state/damaged",
        ),
    ];
    for (text, code) in cases {
        fs::write(&file, text).unwrap();
        assert_eq!(open(&folder).unwrap_err().code(), code, "{text}");
        assert_eq!(
            fs::read_to_string(&file).unwrap(),
            text,
            "it is left as it was"
        );
    }
}

#[test]
fn an_unknown_field_is_refused_and_not_dropped() {
    let folder = TempDir::new().unwrap();
    open(&folder).unwrap().save().unwrap();
    let file = folder.path().join("state.json");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(
        &file,
        text.replace("\"serial\"", "\"owner\":\"me\",\"serial\""),
    )
    .unwrap();
    assert_eq!(open(&folder).unwrap_err().code(), "state/damaged");
}

#[test]
fn what_is_wrong_in_a_file_of_ours_is_told_with_its_place_inside() {
    let folder = TempDir::new().unwrap();
    let mut store = open(&folder).unwrap();
    store.record(put("one")).unwrap();
    store.save().unwrap();
    drop(store);
    let file = folder.path().join("state.json");
    let text = fs::read_to_string(&file).unwrap();
    let other = text.replace("\"complete\":true", "\"complete\":\"yes\"");
    assert_ne!(text, other);
    fs::write(&file, other).unwrap();
    let said = open(&folder).unwrap_err().to_string();
    assert!(
        said.contains("is damaged at `state.resources.record.one.complete`;"),
        "{said}"
    );
    fs::write(&file, "{").unwrap();
    let said = open(&folder).unwrap_err().to_string();
    assert!(said.contains("is damaged; restore"), "{said}");

    let line = br#"{"format":"pospool-journal","version":1,"lineage":7}"#;
    let found = super::form::find_fault::<Header>(line);
    assert_eq!(found, "lineage");
}

#[test]
fn a_journal_without_its_state_is_refused() {
    let folder = TempDir::new().unwrap();
    {
        let mut store = open(&folder).unwrap();
        store.record(begin("a")).unwrap();
        store.sync().unwrap();
    }
    fs::remove_file(folder.path().join("state.json")).unwrap();
    assert_eq!(
        open(&folder).unwrap_err().code(),
        "state/journal-without-state"
    );
}

#[test]
fn a_journal_of_another_state_is_refused() {
    let folder = TempDir::new().unwrap();
    {
        let mut store = open(&folder).unwrap();
        store.record(begin("a")).unwrap();
        store.sync().unwrap();
    }
    let other = TempDir::new().unwrap();
    open(&other).unwrap().save().unwrap();
    fs::copy(
        other.path().join("state.json"),
        folder.path().join("state.json"),
    )
    .unwrap();
    assert_eq!(open(&folder).unwrap_err().code(), "state/journal-foreign");
}

#[test]
fn a_journal_that_is_already_in_the_snapshot_is_not_folded_twice() {
    let folder = TempDir::new().unwrap();
    let journal = folder.path().join("state.json.journal");
    let mut store = open(&folder).unwrap();
    store.record(put("one")).unwrap();
    store.sync().unwrap();
    let kept = fs::read(&journal).unwrap();
    store
        .record(JournalEntry::Remove {
            address: "record.one".parse().unwrap(),
        })
        .unwrap();
    store.save().unwrap();
    drop(store);
    // The machine stopped between the new snapshot and the removal of the journal.
    fs::write(&journal, kept).unwrap();
    let mut store = open(&folder).unwrap();
    assert!(store.state().resources.is_empty());
    store.record(put("two")).unwrap();
    store.save().unwrap();
    drop(store);
    assert_eq!(open(&folder).unwrap().state().resources.len(), 1);
}

#[test]
fn open_effects_outlive_a_save() {
    let folder = TempDir::new().unwrap();
    let mut store = open(&folder).unwrap();
    store.record(begin("a")).unwrap();
    store.save().unwrap();
    drop(store);
    assert_eq!(open(&folder).unwrap().open_effects().len(), 1);
}

#[test]
fn two_writers_never_meet_and_the_second_learns_who_is_first() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder).unwrap();
    let error = open(&folder).unwrap_err();
    let StoreError::Locked { holder, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(holder.pid, std::process::id());
    drop(store);
    open(&folder).unwrap();
}

#[test]
fn a_look_does_not_stand_in_the_way_of_a_writer() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.json");
    open(&folder).unwrap().save().unwrap();
    let one = Store::open(&path, Mode::Read, "plan").unwrap();
    let two = Store::open(&path, Mode::Read, "show").unwrap();
    let writer = open(&folder).unwrap();
    assert_eq!(one.state(), two.state());
    let third = Store::open(&path, Mode::Read, "plan").unwrap_err();
    assert_eq!(third.code(), "state/locked");
    drop(writer);
}

#[test]
fn a_state_that_is_replaced_under_a_run_stops_it_and_both_are_kept() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.json");
    let mut store = open(&folder).unwrap();
    store.record(begin("a")).unwrap();
    store.sync().unwrap();
    let ours = fs::read(&path).unwrap();
    let other = TempDir::new().unwrap();
    open(&other).unwrap().save().unwrap();
    fs::copy(other.path().join("state.json"), &path).unwrap();
    store.record(begin("b")).unwrap();
    assert_eq!(store.sync().unwrap_err().code(), "state/replaced");
    let again = store.sync().unwrap_err();
    assert_eq!(again.code(), "state/io", "and nothing goes on after it");
    drop(store);
    assert_eq!(open(&folder).unwrap_err().code(), "state/journal-foreign");
    let kept = folder.path().join("state.json.kept");
    assert_eq!(fs::read(&kept).unwrap(), ours);
    fs::rename(kept, &path).unwrap();
    let open_now = open(&folder).unwrap();
    let ids: Vec<_> = open_now
        .open_effects()
        .iter()
        .map(|open| &open.id)
        .collect();
    assert!(ids.contains(&&id("a")), "what was sent is not lost");
}

#[test]
fn a_link_to_a_state_stays_a_link() {
    let folder = TempDir::new().unwrap();
    open(&folder).unwrap().save().unwrap();
    let link = folder.path().join("link.json");
    std::os::unix::fs::symlink(folder.path().join("state.json"), &link).unwrap();
    let mut store = Store::open(&link, Mode::Write, "test").unwrap();
    store.record(put("one")).unwrap();
    store.save().unwrap();
    drop(store);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(open(&folder).unwrap().state().resources.len(), 1);
}

#[test]
fn where_nothing_can_be_written_a_state_can_still_be_looked_at() {
    // Not even a lock file can be made in a folder that is not there.
    let path = std::path::Path::new("/proc/self/state.json");
    let store = Store::open(path, Mode::Read, "show").unwrap();
    assert!(!store.exists());
    assert_eq!(
        Store::open(path, Mode::Write, "apply").unwrap_err().code(),
        "state/io"
    );
}

#[test]
fn lines_since_the_last_sync_may_be_missing_one_by_one() {
    let folder = TempDir::new().unwrap();
    let journal = folder.path().join("state.json.journal");
    let mut store = open(&folder).unwrap();
    store.record(put("one")).unwrap();
    store.sync().unwrap();
    for label in ["two", "three", "four"] {
        store.record(put(label)).unwrap();
    }
    store.sync().unwrap();
    drop(store);
    let whole = fs::read_to_string(&journal).unwrap();
    let holes = [("record.two", 1), ("record.three", 2), ("record.four", 3)];
    for (hole, left) in holes {
        fs::write(&journal, whole.replace(hole, "\0\0\0")).unwrap();
        assert_eq!(
            open(&folder).unwrap().state().resources.len(),
            left,
            "{hole}"
        );
    }
    // What was synced before the others were written can only be missing by damage.
    fs::write(&journal, whole.replace("record.one", "\0\0\0")).unwrap();
    let error = open(&folder).unwrap_err();
    assert!(
        matches!(error, StoreError::DamagedJournal { line: 2, .. }),
        "{error}"
    );
}

#[test]
fn a_copy_that_went_another_way_is_told_apart_whatever_its_serial() {
    for others in 1..4 {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("state.json");
        open(&folder).unwrap().save().unwrap();
        let other = TempDir::new().unwrap();
        fs::copy(&path, other.path().join("state.json")).unwrap();
        let mut ours = open(&folder).unwrap();
        ours.save().unwrap();
        ours.record(begin("a")).unwrap();
        ours.sync().unwrap();
        drop(ours);
        for _ in 0..others {
            open(&other).unwrap().save().unwrap();
        }
        fs::copy(other.path().join("state.json"), &path).unwrap();
        let error = open(&folder).unwrap_err();
        assert_eq!(error.code(), "state/journal-foreign", "{others} saves");
    }
}

/// Found by fuzzing: the serial of an edited file went over its type.
#[test]
fn a_state_with_the_last_serial_can_still_be_saved() {
    let folder = TempDir::new().unwrap();
    open(&folder).unwrap().save().unwrap();
    let file = folder.path().join("state.json");
    let text = fs::read_to_string(&file).unwrap();
    let last = text.replace("\"serial\":1,", &format!("\"serial\":{},", u64::MAX));
    assert_ne!(last, text);
    fs::write(&file, last).unwrap();
    let mut store = open(&folder).unwrap();
    store.record(put("one")).unwrap();
    store.save().unwrap();
    drop(store);
    let store = open(&folder).unwrap();
    assert_eq!(store.state().serial, u64::MAX);
    assert_eq!(store.state().resources.len(), 1);
}

/// However a look falls between the steps of a run, what it sees is whole and never goes back.
#[test]
fn case_show_while_applying_a_glance_at_a_state_that_is_being_written_is_whole() {
    use std::sync::atomic::{AtomicBool, Ordering};

    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.json");
    open(&folder).unwrap().save().unwrap();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for run in 0..40 {
                let mut store = open(&folder).unwrap();
                for step in 0..5 {
                    store.record(put(&format!("r{run}s{step}"))).unwrap();
                    store.sync().unwrap();
                }
                store.save().unwrap();
            }
            is_over.store(true, Ordering::Relaxed);
        });
        let mut before = 0;
        while !is_over.load(Ordering::Relaxed) {
            let seen = Store::open(&path, Mode::Glance, "show").unwrap();
            let now = seen.state().resources.len();
            assert!(now >= before, "{now} after {before}");
            before = now;
        }
        writer.join().unwrap();
    });
    let seen = Store::open(&path, Mode::Glance, "show").unwrap();
    assert_eq!(seen.state().resources.len(), 200);
}
