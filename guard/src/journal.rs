//! What the guard did, on the volume: one line of JSON each, on the disk before anything follows from it.
//!
//! - Reads: the journal of the guards before this one.
//! - Returns: what of it still counts.
//! - Never: trusts a journal of another volume, or one with a hole in it.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use pospool_model::guard::PosRound;

const FILE: &str = "journal.jsonl";
/// A journal that is longer is cut when a guard begins.
const LONG: usize = 1 << 20;
/// Largest journal that is read at all.
const MAX_BYTES: u64 = 64 << 20;
/// So many lines are kept when it is cut.
const KEPT: usize = 1000;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Seconds since 1970.
    pub(crate) at: u64,
    #[serde(flatten)]
    pub(crate) what: What,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub(crate) enum What {
    /// A guard began, on this volume in this container.
    Boot { volume: String, container: String },
    /// The key may have signed up to here, and blocks up to this height were looked at.
    Signed { round: PosRound, height: u64 },
    /// Conflux answers in this container for the first time.
    Answers { container: String },
    /// From here on what the key does is not accounted for; why.
    Gap { why: String },
    /// Nobody else signed with the key for as long as it takes.
    Cleared,
    /// Somebody else signed.
    Foreign { round: PosRound },
    /// The node votes, in rounds after this one.
    Voting { after: PosRound },
    /// It does not any more; why.
    Stopped { why: String },
    /// It does not before a person clears it; why.
    Held { why: String },
    /// A person has cleared it.
    Released,
}

/// What of the past still counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct History {
    /// When the last line was written; `None` if there is no journal of this volume.
    pub(crate) last: Option<u64>,
    /// Why an earlier journal does not count.
    pub(crate) lost: Option<&'static str>,
    /// The journal came here with a copy of another volume, and no guard of this one has begun since.
    pub(crate) is_copy: bool,
    /// The key signed at most up to here.
    pub(crate) signed: PosRound,
    /// Blocks were looked at up to this height.
    pub(crate) height: u64,
    /// Whether the key was watched since the last gap.
    pub(crate) cleared: bool,
    /// Why nothing may vote before a person says so.
    pub(crate) held: Option<String>,
    /// Whether a process may have voted of whose end nothing is noted.
    pub(crate) may_vote: bool,
    /// The container in which conflux answered last.
    pub(crate) answered: Option<String>,
}

impl History {
    fn apply(&mut self, entry: Entry) {
        self.last = Some(entry.at);
        match entry.what {
            What::Signed { round, height } => {
                self.signed = self.signed.max(round);
                self.height = self.height.max(height);
            }
            What::Cleared => (self.cleared, self.lost) = (true, None),
            What::Foreign { .. } | What::Gap { .. } => self.cleared = false,
            What::Voting { .. } => self.may_vote = true,
            What::Stopped { .. } => self.may_vote = false,
            What::Held { why } => self.held = Some(why),
            What::Released => self.held = None,
            What::Answers { container } => self.answered = Some(container),
            What::Boot { .. } => {}
        }
    }

    /// What was noted does not account for this volume; what the key signed and what was held stays.
    fn lose(&mut self, why: &'static str) {
        *self = Self {
            lost: Some(why),
            held: self.held.take(),
            signed: self.signed,
            ..Self::default()
        };
    }

    /// What another volume's guard noted: it may be a copy of this one's past.
    fn apply_foreign(&mut self, entry: Entry) {
        match entry.what {
            What::Signed { round, .. } => self.signed = self.signed.max(round),
            What::Held { why } => self.held = Some(why),
            What::Released => self.held = None,
            _ => {}
        }
    }
}

/// The journal of a volume.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    /// Bytes of whole lines.
    length: u64,
}

impl Journal {
    /// Opens the journal of a volume, and says what of it counts.
    pub(crate) fn open(folder: &Path, volume: &str) -> io::Result<(Self, History)> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(FILE);
        let text = read(&path)?;
        let (history, whole) = parse(&text, volume);
        if !whole || text.len() > LONG {
            replace(folder, &path, &shortened(&text))?;
        }
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        sync_folder(folder)?;
        let length = file.metadata()?.len();
        Ok((Self { file, length }, history))
    }

    /// One that cannot be written.
    #[cfg(test)]
    pub(crate) fn broken() -> Self {
        let file = File::open("/dev/null").expect("it can be read");
        Self { file, length: 0 }
    }

    /// Writes a line, and waits until it is on the disk. What was written of one that failed is taken back.
    pub(crate) fn write(&mut self, at: u64, what: What) -> io::Result<()> {
        let line = line_of(at, what);
        let written = self.file.write_all(&line);
        if let Err(error) = written.and_then(|()| self.file.sync_data()) {
            // If this fails as well, the next guard finds a line that is not whole.
            let _ = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += line.len() as u64;
        Ok(())
    }
}

/// An entry as a line. One that is left out could be the word of a vote.
fn line_of(at: u64, what: What) -> Vec<u8> {
    let entry = serde_json::to_vec(&Entry { at, what });
    let mut line = entry.expect("text and numbers always have a JSON form");
    line.push(b'\n');
    line
}

/// The journal of a volume whose key was brought from elsewhere: `before` is what its guards had noted, if any did. The
/// volume that it names is none, so that the next guard takes it for a copy, and waits for a whole epoch.
#[must_use]
pub fn brought_journal(before: &[u8], at: u64, signed: Option<PosRound>) -> Vec<u8> {
    let boot = What::Boot {
        volume: "brought".to_owned(),
        container: String::new(),
    };
    let signed = signed.map(|round| What::Signed { round, height: 0 });
    let mut text = before.to_vec();
    // A line that was cut stays one of its own.
    if text.last().is_some_and(|last| *last != b'\n') {
        text.push(b'\n');
    }
    for what in [Some(boot), signed].into_iter().flatten() {
        text.extend(line_of(at, what));
    }
    text
}

fn read(path: &Path) -> io::Result<String> {
    match std::fs::metadata(path) {
        Ok(found) if found.len() > MAX_BYTES => {
            return Err(io::Error::other(format!(
                "`{}` is larger than 64 MB",
                path.display()
            )));
        }
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(String::new()),
        _ => {}
    }
    let bytes = std::fs::read(path)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What a journal says, and whether it ends as it should.
fn parse(text: &str, volume: &str) -> (History, bool) {
    let (mut history, mut is_ours) = (History::default(), true);
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        match serde_json::from_str::<Entry>(line) {
            Ok(entry) if line.ends_with('\n') => {
                if let What::Boot { volume: noted, .. } = &entry.what {
                    is_ours = noted == volume;
                    if !is_ours {
                        history.lose(
                            "the journal is of another volume: this one was copied or restored",
                        );
                    }
                    history.is_copy = !is_ours;
                }
                if is_ours {
                    history.apply(entry);
                } else {
                    history.apply_foreign(entry);
                }
            }
            // The last line of a guard that was cut off.
            _ if lines.peek().is_none() => return (history, false),
            _ => history.lose("the journal cannot be read"),
        }
    }
    (history, true)
}

/// The newest whole lines, and those that must never be lost.
fn shortened(text: &str) -> String {
    let whole: Vec<&str> = text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n') && serde_json::from_str::<Entry>(line).is_ok())
        .collect();
    let kept = whole.len().saturating_sub(KEPT);
    let (old, new) = whole.split_at(kept);
    let always = |line: &&&str| {
        let entry = serde_json::from_str::<Entry>(line);
        entry.is_ok_and(|entry| {
            matches!(
                entry.what,
                What::Boot { .. }
                    | What::Gap { .. }
                    | What::Voting { .. }
                    | What::Stopped { .. }
                    | What::Cleared
                    | What::Foreign { .. }
                    | What::Held { .. }
                    | What::Released
            )
        })
    };
    old.iter().filter(always).chain(new).copied().collect()
}

fn replace(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    let new: PathBuf = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    sync_folder(folder)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boot(volume: &str) -> What {
        What::Boot {
            volume: volume.to_owned(),
            container: "c".to_owned(),
        }
    }

    fn signed(round: u64) -> What {
        What::Signed {
            round: PosRound::new(7, round),
            height: round + 100,
        }
    }

    fn open(folder: &Path) -> (Journal, History) {
        Journal::open(folder, "a").unwrap()
    }

    #[test]
    fn what_was_written_counts_in_the_next_guard() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, history) = open(folder.path());
        assert_eq!(history, History::default());
        for (at, what) in [(1, boot("a")), (2, What::Cleared), (3, signed(9))] {
            journal.write(at, what).unwrap();
        }
        let (mut journal, history) = open(folder.path());
        let expected = History {
            last: Some(3),
            signed: PosRound::new(7, 9),
            height: 109,
            cleared: true,
            ..History::default()
        };
        assert_eq!(history, expected);
        let why = "another voter".to_owned();
        journal.write(4, What::Held { why }).unwrap();
        assert!(open(folder.path()).1.held.is_some());
        journal.write(5, What::Released).unwrap();
        assert_eq!(open(folder.path()).1.held, None);
    }

    #[test]
    fn a_line_that_was_cut_is_left_out_and_a_hole_makes_the_journal_worthless() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let (mut journal, _) = open(folder.path());
        journal.write(1, boot("a")).unwrap();
        journal.write(2, What::Cleared).unwrap();
        let whole = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("{whole}{{\"at\":3,\"wh")).unwrap();
        let (mut journal, history) = open(folder.path());
        assert!(history.cleared && history.last == Some(2));
        journal.write(4, signed(1)).unwrap();
        assert_eq!(open(folder.path()).1.last, Some(4));
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, format!("\0\0\0\n{text}")).unwrap();
        let (_, history) = open(folder.path());
        assert!(history.cleared, "the hole is before what counts");
        std::fs::write(&path, text.replacen("cleared", "cl\0ared", 1)).unwrap();
        let (_, history) = open(folder.path());
        assert!(!history.cleared && history.signed == PosRound::new(7, 1));
    }

    #[test]
    fn a_copied_volume_has_no_past_but_its_holds() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, _) = open(folder.path());
        for what in [boot("b"), What::Cleared, signed(9)] {
            journal.write(1, what).unwrap();
        }
        let (mut journal, history) = open(folder.path());
        // The first boot of this volume's journal names another one.
        let signed = PosRound::new(7, 9);
        assert!(history.lost.is_some() && !history.cleared && history.signed == signed);
        let why = "another voter".to_owned();
        for what in [boot("a"), What::Held { why }] {
            journal.write(2, what).unwrap();
        }
        // A second guard of the copy knows as little.
        let (mut journal, history) = open(folder.path());
        assert!(history.lost.is_some() && !history.cleared && history.held.is_some());
        journal.write(3, What::Cleared).unwrap();
        let (mut journal, history) = open(folder.path());
        assert!(history.lost.is_none() && history.cleared && history.held.is_some());
        // It goes back to where it came from.
        journal.write(4, boot("b")).unwrap();
        let (_, history) = Journal::open(folder.path(), "b").unwrap();
        assert!(history.held.is_some() && history.last == Some(4));
    }

    #[test]
    fn case_backup_a_brought_key_has_no_past_but_what_it_signed_and_its_holds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let signed = PosRound::new(43, 6);
        std::fs::write(&path, brought_journal(b"", 5, Some(signed))).unwrap();
        let (mut journal, history) = open(folder.path());
        assert!(history.lost.is_some() && history.is_copy && history.signed == signed);
        // A guard that was started again before the epoch was over knows as little.
        journal.write(6, boot("a")).unwrap();
        let (mut journal, history) = open(folder.path());
        assert!(history.lost.is_some() && !history.cleared);
        // A key that is brought once more, onto a volume that waits for a person.
        let why = "another voter".to_owned();
        for what in [What::Cleared, What::Held { why }] {
            journal.write(7, what).unwrap();
        }
        let before = [&std::fs::read(&path).unwrap()[..], b"{\"at\":8,"].concat();
        std::fs::write(&path, brought_journal(&before, 9, None)).unwrap();
        let (_, history) = open(folder.path());
        assert!(history.lost.is_some() && history.held.is_some() && history.signed == signed);
    }

    #[test]
    fn a_long_journal_is_cut_and_keeps_what_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let (mut journal, _) = open(folder.path());
        journal.write(1, boot("a")).unwrap();
        journal.write(1, What::Cleared).unwrap();
        let line = serde_json::to_string(&Entry {
            at: 5,
            what: signed(9),
        })
        .unwrap()
            + "\n";
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str(&line.repeat(LONG / line.len() + 1));
        std::fs::write(&path, &text).unwrap();
        let before = parse(&text, "a").0;
        let (_, history) = open(folder.path());
        assert_eq!(history, before);
        assert!(std::fs::metadata(&path).unwrap().len() < 200_000);
        assert!(open(folder.path()).1.cleared);
    }
}
