//! The guard's memory, and what follows from each look.
//!
//! - Reads: node, other sources, safety file, clock.
//! - Returns: an order for the process of conflux, if there is one.
//! - Never: lets the node vote before it is written down that it does.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pospool_model::guard::{GuardSettings, PosRound, RUNTIME_DIR, Voting};
use tokio::time::Instant;
use tracing::{info, warn};

use crate::account::find_gap;
use crate::door::{DoorFacts, Hold, Verdict};
use crate::error::GuardError;
use crate::faults::{Fault, FaultFacts, FaultWatch};
use crate::journal::{Journal, What};
use crate::machine::look_at_machine;
use crate::network::Network;
use crate::observe::{LocalNode, LocalView, MOST_BLOCKS, Source, StartedVoting};
use crate::order::Order;
use crate::pulse::Pulse;
use crate::report::{ReportFacts, make_report, write_report};
use crate::safety::SafetyFile;
use crate::settings::{
    clearance_file, network_key, own_folder, report_file, safety_file, start_file,
};
use crate::silence::{ForeignVote, OwnRounds, SilenceWatch, draw_window, random_number};
use crate::volume::HeldVolume;

/// At least so often it is written down how far the key has signed.
const BEAT: Duration = Duration::from_secs(30);
/// A voter whose guard cannot write its journal is ended after this time.
const UNWRITTEN: Duration = Duration::from_secs(30);
/// So often between two blocks of PoS other sources are asked what they know of them.
const WITNESSES: u32 = 3;
/// Looks between two blocks of PoS, and how far apart they may be.
const LOOKS: u32 = 10;
const SHORTEST: Duration = Duration::from_millis(300);
const LONGEST: Duration = Duration::from_secs(3);

/// What the guard knows beyond one process of conflux.
pub(crate) struct Guard<'a> {
    settings: &'a GuardSettings,
    local: LocalNode,
    network: Network,
    container: String,
    _volume: HeldVolume,
    journal: Journal,
    key: Option<String>,
    /// Whether everything that the key did since its last watch is accounted for.
    accounted: bool,
    /// The volume was copied or moved: a whole epoch of PoS has to pass.
    whole_epoch: bool,
    held: Option<String>,
    answered: bool,
    /// All that is signed up to here is our own.
    own_until: PosRound,
    /// Blocks were looked at up to this height; 0 if none was.
    looked_at: u64,
    starts: u64,
    pulse: Pulse,
    process: Process,
}

/// What belongs to one process of conflux.
struct Process {
    voting: Voting,
    watch: Option<SilenceWatch>,
    faults: FaultWatch,
    synced_at: Option<u64>,
    after_epoch: Option<u64>,
    beaten: Option<(Instant, PosRound)>,
    verdict: Option<Verdict>,
    /// When it answered first.
    seen_since: Option<Instant>,
    /// Since when the journal cannot be written.
    unwritten_since: Option<Instant>,
    /// It votes in rounds after this one.
    after: PosRound,
    /// When other sources were last asked for blocks.
    witnessed: Option<Instant>,
}

impl Process {
    fn new() -> Self {
        Self {
            voting: Voting::Off,
            watch: None,
            faults: FaultWatch::default(),
            synced_at: None,
            after_epoch: None,
            beaten: None,
            verdict: None,
            seen_since: None,
            unwritten_since: None,
            after: PosRound::default(),
            witnessed: None,
        }
    }
}

impl<'a> Guard<'a> {
    /// Takes the volume, and reads what the guards before this one left.
    pub(crate) fn begin(
        settings: &'a GuardSettings,
        endpoints: &[String],
    ) -> Result<Self, GuardError> {
        let volume = HeldVolume::take(settings)?;
        let endpoint =
            |error: pospool_conflux_rpc::RpcError| GuardError::Endpoint(error.to_string());
        let sources = Source::each(endpoints).map_err(endpoint)?;
        let local = LocalNode::new(settings.local_port).map_err(endpoint)?;
        let failed = |error: std::io::Error| GuardError::Volume(error.to_string());
        let name = volume.name.clone();
        let (journal, history) = Journal::open(&own_folder(settings), &name).map_err(failed)?;
        if history.is_copy {
            forget_network_identity(settings).map_err(failed)?;
        }
        let gap = find_gap(&history, seconds());
        if let Some(why) = gap {
            info!(why, "the key is watched before it votes");
        }
        let container = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let container = container.trim().to_owned();
        let mut guard = Self {
            settings,
            local,
            network: Network::over(sources),
            answered: history.answered.as_ref() == Some(&container),
            journal,
            key: None,
            accounted: gap.is_none(),
            whole_epoch: history.lost.is_some(),
            held: history.held.clone(),
            own_until: history.signed,
            looked_at: history.height,
            starts: 0,
            pulse: Pulse::default(),
            process: Process::new(),
            container: container.clone(),
            _volume: volume,
        };
        let boot = What::Boot {
            volume: name,
            container,
        };
        guard.note(boot).map_err(GuardError::Volume)?;
        // What the file shows as signed, the process before may have signed, if it voted or nobody knows.
        if history.may_vote || history.last.is_none() {
            guard.own_all_signed();
        }
        if let Some(why) = gap {
            guard.lose_account(why).map_err(GuardError::Volume)?;
        }
        Ok(guard)
    }

    /// Whether conflux has answered in this container before.
    pub(crate) fn has_answered(&self) -> bool {
        self.answered
    }

    /// Conflux was started, as a node that does not vote.
    pub(crate) fn started(&mut self) {
        self.starts += 1;
        self.process = Process::new();
        self.report(None, false);
    }

    /// Conflux has ended; what it signed is ours up to what its safety file says.
    pub(crate) fn ended(&mut self, why: &str) {
        warn!(why, "conflux has ended");
        // One that did not vote writes `(epoch, 0)` as well, and that is no word of what its key did.
        if self.process.voting != Voting::Off {
            self.own_all_signed();
        }
        if let Some(watch) = &self.process.watch {
            self.looked_at = watch.watched();
        }
        let (round, height) = (self.own_until, self.looked_at);
        let why = why.to_owned();
        let noted = self
            .note(What::Signed { round, height })
            .and_then(|()| self.note(What::Stopped { why }));
        if let Err(failed) = noted {
            // The next guard cannot account for it; this one still knows.
            warn!(%failed, "the end of conflux could not be written down");
        }
        self.process = Process::new();
        self.report(None, false);
    }

    /// Conflux is not started again before a person says so.
    pub(crate) fn given_up(&mut self) {
        // Whoever asked for a start before this did not mean this end. There is seldom one.
        let _ = std::fs::remove_file(start_file(&self.settings.runtime));
        self.report(None, true);
    }

    /// Whether a start was asked for, which is no word on what keeps the key from voting.
    pub(crate) fn take_start(&mut self) -> bool {
        if std::fs::remove_file(start_file(&self.settings.runtime)).is_err() {
            return false;
        }
        if let Some(why) = &self.held {
            warn!(
                why,
                "a start was asked for, and a person has to clear the guard first"
            );
            return false;
        }
        info!("conflux is started again as it was asked for");
        true
    }

    /// Whether a person has said that they looked; that is written down.
    pub(crate) fn take_clearance(&mut self) -> bool {
        if std::fs::remove_file(clearance_file(&self.settings.runtime)).is_err() {
            return false;
        }
        info!("a person has cleared the guard");
        if self.held.is_none() {
            // It only waits to be started, or nothing was wrong: what is known of the key stays.
            return true;
        }
        let lost = self.lose_account("a person has cleared the guard");
        if let Err(failed) = lost.and_then(|()| self.note(What::Released)) {
            // The next guard would hold it again, so this one does not let go of it either.
            warn!(%failed, "it could not be written down that a person has cleared the guard");
            return false;
        }
        self.held = None;
        self.watch_anew();
        if let Some(watch) = &mut self.process.watch {
            watch.forgive();
        }
        true
    }

    /// From here on what the key does is not accounted for, and the next guard must not think that it is.
    fn lose_account(&mut self, why: &str) -> Result<(), String> {
        self.accounted = false;
        self.note(What::Gap {
            why: why.to_owned(),
        })
    }

    /// Time until the next look: several between two blocks of PoS.
    pub(crate) fn pause(&self) -> Duration {
        (self.network.gap() / LOOKS).clamp(SHORTEST, LONGEST)
    }

    /// Looks, and does what follows.
    pub(crate) async fn tick(&mut self) -> Option<Order> {
        self.take_clearance();
        let view = self.look().await;
        let done = self.act(view.as_ref()).await;
        let order = self.check_journal(done);
        self.report(view.as_ref(), false);
        order
    }

    /// Without its journal a guard does nothing new, and does not let a node go on voting for long.
    fn check_journal(&mut self, done: Result<Option<Order>, String>) -> Option<Order> {
        let failed = match done {
            Ok(order) => {
                self.process.unwritten_since = None;
                return order;
            }
            Err(failed) => failed,
        };
        warn!(%failed, "the guard's journal cannot be written");
        let now = Instant::now();
        let since = *self.process.unwritten_since.get_or_insert(now);
        let is_long = now.duration_since(since) >= UNWRITTEN;
        (is_long && self.process.voting != Voting::Off)
            .then(|| Order::Kill(format!("the guard's journal cannot be written: {failed}")))
    }

    /// Asks the node and, where it answers, the other sources.
    async fn look(&mut self) -> Option<LocalView> {
        if !self.local.listens().await {
            return None;
        }
        if self.key.is_none() {
            self.key = self.local.pos_address().await;
        }
        let key = self.key.clone()?;
        let view = self.local.view(&key).await?;
        self.pulse.take(&view, seconds());
        self.network.ask(view.chain_id).await;
        Some(view)
    }

    async fn act(&mut self, view: Option<&LocalView>) -> Result<Option<Order>, String> {
        let Some(view) = view else {
            self.process.verdict = Some(Verdict::Hold(Hold::Starting));
            if self.process.seen_since.is_none() {
                // It opens its databases.
                return Ok(None);
            }
            let fault = self
                .process
                .faults
                .blind(self.process.voting, Instant::now());
            return fault.map(|fault| self.end_for(fault)).transpose();
        };
        self.process.seen_since.get_or_insert_with(Instant::now);
        if !self.answered {
            self.answered = true;
            let container = self.container.clone();
            self.note(What::Answers { container })?;
        }
        if let Some(order) = self.watch(view).await? {
            return Ok(Some(order));
        }
        let safety = self.safety();
        self.beat(safety.signed().unwrap_or_default())?;
        let facts = self.facts(view, &safety);
        let (synced, verdict, is_elected) = (facts.sync(), facts.verdict(), facts.is_elected());
        if let (Ok(pos), None) = (synced, self.process.synced_at) {
            self.process.synced_at = Some(pos.height);
            self.process.after_epoch = self.whole_epoch.then_some(pos.epoch);
        }
        let fault = self.process.faults.find(
            FaultFacts {
                view,
                sources: self.network.heads(),
                voting: self.process.voting,
                was_synced: self.process.synced_at.is_some(),
                gap: self.network.gap(),
            },
            Instant::now(),
        );
        if let Some(fault) = fault {
            return self.end_for(fault).map(Some);
        }
        self.follow(verdict, is_elected).await
    }

    /// Does what the door says.
    async fn follow(
        &mut self,
        verdict: Verdict,
        is_elected: bool,
    ) -> Result<Option<Order>, String> {
        let before = self.process.verdict.replace(verdict.clone());
        match (self.process.voting, verdict) {
            (Voting::Off, Verdict::Vote) => self.open(Voting::On).await,
            (Voting::Off, Verdict::Stand) => self.open(Voting::Candidate).await,
            (Voting::Candidate, _) if is_elected && !self.accounted => Ok(Some(Order::Silence(
                "the key is elected: it is watched before its first vote".to_owned(),
            ))),
            (Voting::Off, Verdict::Hold(hold)) => {
                let is_same =
                    |before: Verdict| matches!(before, Verdict::Hold(it) if it.id() == hold.id());
                if !before.is_some_and(is_same) {
                    info!(why = %hold, "the node does not vote");
                }
                Ok(None)
            }
            (Voting::On | Voting::Candidate, _) => Ok(None),
        }
    }

    /// Lets the node vote, or stand for election.
    async fn open(&mut self, voting: Voting) -> Result<Option<Order>, String> {
        let newest = self.network.newest();
        let after = newest.map(|block| block.at).unwrap_or_default();
        if voting == Voting::On && !self.accounted {
            self.note(What::Cleared)?;
            self.accounted = true;
            self.whole_epoch = false;
        }
        self.note(What::Voting { after })?;
        match self.local.start_voting().await {
            StartedVoting::Yes => {
                info!(?voting, %after, "the node is let in");
                self.process.voting = voting;
                self.process.after = after;
                Ok(None)
            }
            StartedVoting::Refused(why) => {
                info!(why, "the node does not begin to vote yet");
                self.note(What::Stopped { why })?;
                Ok(None)
            }
            // It may still take effect.
            StartedVoting::Unknown(why) => Ok(Some(Order::Kill(format!(
                "the node did not say that it votes ({why})"
            )))),
        }
    }

    /// Looks at the blocks that came since the last look.
    async fn watch(&mut self, view: &LocalView) -> Result<Option<Order>, String> {
        let (Some(key), Some(pos)) = (self.key.clone(), view.pos) else {
            return Ok(None);
        };
        let mut watch = match self.process.watch.take() {
            Some(watch) => watch,
            None => self.begin_watch(pos.height, &key).await,
        };
        let mut found = Vec::new();
        let from = watch.watched() + 1;
        if from <= pos.height {
            let blocks = self.local.blocks(from, pos.height, &key).await;
            // After the blocks: conflux writes the file before a vote leaves, so it knows of every vote of ours in them.
            if self.process.voting != Voting::Off {
                let signed = self.safety().signed().unwrap_or_default();
                watch.voting(self.process.after, signed);
            }
            for block in blocks {
                let elected = view
                    .committee
                    .and_then(|(epoch, elected)| (epoch == block.at.epoch).then_some(elected));
                found.extend(watch.take(&block, elected));
                self.network.take_block(block);
            }
        }
        // Public endpoints count each call: they are asked only of what counts.
        if self.process.voting == Voting::Off && watch.left() > 0 {
            found.extend(self.ask_witnesses(&mut watch, &key).await);
        }
        // One that is certain counts more than a later one that is not.
        let foreign = found
            .into_iter()
            .max_by_key(|vote| (vote.is_certain, vote.at));
        self.process.watch = Some(watch);
        match foreign {
            None => Ok(None),
            Some(vote) => self.another_voter(vote),
        }
    }

    /// Asks the other sources of the elected blocks that are silent here.
    async fn ask_witnesses(&mut self, watch: &mut SilenceWatch, key: &str) -> Vec<ForeignVote> {
        let mut found = Vec::new();
        let Some((from, to)) = watch.unwitnessed() else {
            return found;
        };
        let (now, every) = (Instant::now(), self.network.gap() / WITNESSES);
        let lately = |asked: Instant| now.duration_since(asked) < every;
        if self.process.witnessed.is_some_and(lately) {
            return found;
        }
        self.process.witnessed = Some(now);
        for source in self.network.sources() {
            for block in source.blocks(from, to, key).await.unwrap_or_default() {
                found.extend(watch.witness(&block));
            }
        }
        found
    }

    /// The watch of a process: from where the last one ended, if everything before is accounted for.
    async fn begin_watch(&mut self, height: u64, key: &str) -> SilenceWatch {
        // The last blocks tell how far apart they are.
        const LAST: u64 = 10;
        let from = height.saturating_sub(LAST).max(1);
        for block in self.local.blocks(from, height, key).await {
            self.network.take_block(block);
        }
        let own = OwnRounds {
            until: self.own_until,
            voting: None,
        };
        let looked_at = Some(self.looked_at).filter(|at| self.accounted && *at > 0);
        let needed = draw_window(self.settings.rounds_per_epoch, random_number());
        SilenceWatch::new(own, needed, looked_at.unwrap_or(height), height)
    }

    /// Somebody else signs with our key.
    fn another_voter(&mut self, vote: ForeignVote) -> Result<Option<Order>, String> {
        let (round, voting) = (vote.at, self.process.voting);
        if self.held.is_some() && voting == Voting::Off {
            return Ok(None);
        }
        warn!(%round, certain = vote.is_certain, "somebody else signs with this key");
        self.accounted = false;
        self.note(What::Foreign { round })?;
        self.watch_anew();
        if voting == Voting::Off && !vote.is_certain {
            return Ok(None);
        }
        let order = self.hold(format!(
            "somebody else signed with this key in {round}, while this node was silent"
        ))?;
        Ok((voting != Voting::Off).then_some(order))
    }

    /// Nothing votes any more before a person says so.
    fn hold(&mut self, why: String) -> Result<Order, String> {
        self.held = Some(why.clone());
        self.note(What::Held { why: why.clone() })?;
        Ok(Order::Kill(why))
    }

    fn watch_anew(&mut self) {
        let needed = draw_window(self.settings.rounds_per_epoch, random_number());
        if let Some(watch) = &mut self.process.watch {
            watch.begin_anew(needed);
        }
    }

    /// What a fault means for the process, and for what is known of the key.
    fn end_for(&mut self, fault: Fault) -> Result<Order, String> {
        let why = fault.words().to_owned();
        self.pulse.end_for(fault, seconds());
        match fault {
            Fault::DeadPos => Ok(Order::Restart(why)),
            Fault::HungPos | Fault::Blind | Fault::UnaskedVote => Ok(Order::Kill(why)),
            Fault::StoppedByHand => self.hold(why),
            Fault::NoPeers | Fault::LeftBehind => {
                // A key that was restored elsewhere may vote by now.
                self.lose_account(&why)?;
                let votes = self.process.voting != Voting::Off;
                Ok(Order::CutOff { why, votes })
            }
        }
    }

    /// Writes down how far the key has signed, before that could be forgotten.
    fn beat(&mut self, signed: PosRound) -> Result<(), String> {
        let now = Instant::now();
        let due = self.process.beaten.is_none_or(|(at, round)| {
            let moved = round != signed && self.process.voting == Voting::On;
            moved || now.duration_since(at) >= BEAT
        });
        if !due {
            return Ok(());
        }
        self.process.beaten = Some((now, signed));
        if self.process.voting != Voting::Off {
            self.own_until = self.own_until.max(signed);
        }
        let watched = self.process.watch.as_ref().map(SilenceWatch::watched);
        let height = watched.unwrap_or(self.looked_at);
        let round = self.own_until;
        self.note(What::Signed { round, height })
    }

    fn facts<'f>(&'f self, view: &'f LocalView, safety: &'f SafetyFile) -> DoorFacts<'f> {
        let watch = self.process.watch.as_ref();
        let unread = watch
            .zip(view.pos)
            .map(|(watch, pos)| pos.height.saturating_sub(watch.watched()));
        DoorFacts {
            local: Some(view),
            sources: self.network.heads(),
            stalled: self.network.stalled(Instant::now()).as_secs(),
            age: self
                .process
                .seen_since
                .map_or(0, |since| since.elapsed().as_secs()),
            now: seconds(),
            block_time: self.network.newest().map(|block| block.time),
            gap: self.network.gap().as_secs().max(1),
            safety,
            key: self.key.as_deref().unwrap_or_default(),
            synced_at: self.process.synced_at,
            accounted: self.accounted,
            after_epoch: self.process.after_epoch,
            unread: unread.unwrap_or(MOST_BLOCKS),
            silence_left: watch.map_or(u64::MAX, SilenceWatch::left),
            foreign: watch.and_then(SilenceWatch::foreign),
            held: self.held.as_deref(),
        }
    }

    /// What the safety file shows as signed, was signed by a process of this volume.
    fn own_all_signed(&mut self) {
        let signed = self.safety().signed().unwrap_or_default();
        self.own_until = self.own_until.max(signed);
    }

    fn safety(&self) -> SafetyFile {
        SafetyFile::read(&safety_file(self.settings))
    }

    fn note(&mut self, what: What) -> Result<(), String> {
        let written = self.journal.write(seconds(), what);
        written.map_err(|error| error.to_string())
    }

    fn report(&self, view: Option<&LocalView>, given_up: bool) {
        // A process that was not looked at yet has no verdict, and the hold is there all the same.
        let held = self
            .held
            .clone()
            .map(|why| Verdict::Hold(Hold::Person(why)));
        let report = make_report(ReportFacts {
            at: seconds(),
            key: self.key.as_deref(),
            voting: self.process.voting,
            verdict: held.as_ref().or(self.process.verdict.as_ref()),
            given_up,
            starts: self.starts,
            view,
            network: &self.network,
            signed: self.safety().signed(),
            sync: self.pulse.facts(view),
            machine: look_at_machine(&self.settings.data),
        });
        if let Err(failed) = write_report(&report, &report_file(self.settings)) {
            warn!(%failed, "the report cannot be written");
        }
    }
}

/// A copy of a volume holds the network identity of the node that it was copied from: two nodes with one are one to
/// their peers, who cut off now one and now the other, and a voter that is cut off looks silent. conflux makes a new one.
fn forget_network_identity(settings: &GuardSettings) -> std::io::Result<()> {
    info!("this volume was copied or restored: the node gets another network identity");
    match std::fs::remove_file(network_key(settings)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Says to the guard of this container that a person has looked.
pub fn clear_guard() -> std::io::Result<()> {
    std::fs::write(clearance_file(Path::new(RUNTIME_DIR)), "")
}

fn seconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests;
