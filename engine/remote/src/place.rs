//! One document with its keeper: read it, write it over what was read, hold its lock.
//!
//! - Reads: the document.
//! - Returns: what was there; whether a write arrived, also when its answer was lost.
//! - Never: calls a write lost or done without having seen what is there.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use pospool_engine::store::{Holder, StoreError};

use crate::document::Document;
use crate::failure::{self, Cause, RequestFailure, cause_of_text};
use crate::http::{HttpBackend, LockInfo, Locked};
use crate::lease::{HolderStanding, Lease};
use crate::location::Location;
use crate::lock::Held;
use crate::objects::Objects;
use crate::seen::SeenDocument;
use crate::settings::RemoteSettings;

/// How long a write is tried before it counts as failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// Pause before the first further try; it doubles up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// How often a keeper may refuse a write although what is there is what was expected.
const REFUSALS: usize = 4;
/// How often the first look at a document is tried.
const LOOKS: usize = 3;

/// A document and its keeper.
pub(crate) struct Backend {
    pub(crate) name: PathBuf,
    kind: BackendKind,
}

enum BackendKind {
    Objects(Box<Objects>),
    Http(Box<HttpBackend>),
}

/// Why a document was not written.
#[derive(Debug)]
pub(crate) enum Unwritten {
    /// Somebody else is the writer now, and left this.
    Lost(Option<SeenDocument>),
    /// It could not be done.
    Failed(Cause),
}

impl Backend {
    pub(crate) fn new(location: &Location, settings: &RemoteSettings) -> Result<Self, StoreError> {
        let name = location.name();
        let kind = match location {
            Location::Object(url) => {
                Objects::new(url, &settings.stores).map(|it| BackendKind::Objects(it.into()))
            }
            Location::Http(url) => {
                HttpBackend::new(url, &settings.http).map(|it| BackendKind::Http(it.into()))
            }
            Location::File(_) => Err(cause_of_text("a file needs no keeper")),
        };
        let kind = kind.map_err(|cause| failure::backend_error("use", &name, cause))?;
        Ok(Self { name, kind })
    }

    #[cfg(test)]
    pub(crate) fn over(store: impl object_store::ObjectStore) -> Self {
        Self {
            name: "memory".into(),
            kind: BackendKind::Objects(Objects::over(store).into()),
        }
    }

    /// For how long a lock holds here: a server of the HTTP protocol keeps it until it is
    /// told otherwise.
    pub(crate) fn lease_seconds(&self, settings: &RemoteSettings) -> u64 {
        match self.kind {
            BackendKind::Objects(_) => settings.lease.as_secs(),
            BackendKind::Http(_) => 0,
        }
    }

    /// What is there.
    pub(crate) async fn read(&self) -> Result<Option<SeenDocument>, RequestFailure> {
        match &self.kind {
            BackendKind::Objects(objects) => objects.read().await,
            BackendKind::Http(http) => http.read().await,
        }
    }

    /// The first look at what is there: a keeper that cannot be reached is asked again, briefly.
    pub(crate) async fn look(&self) -> Result<Option<SeenDocument>, StoreError> {
        let mut pauses = Pauses::default();
        for _ in 1..LOOKS {
            match self.read().await {
                Err(RequestFailure::Passing(_)) => pauses.pause().await,
                Err(trouble) => return Err(self.failed("read", trouble.cause())),
                Ok(seen) => return Ok(seen),
            }
        }
        self.read()
            .await
            .map_err(|trouble| self.failed("read", trouble.cause()))
    }

    /// Writes in the place of what was seen there, as the holder of this lease. A write
    /// without a clear answer is settled by looking what is there: no two documents are alike.
    pub(crate) async fn write(
        &self,
        lease: &str,
        bytes: Vec<u8>,
        over: Option<&SeenDocument>,
        patience: Duration,
    ) -> Result<SeenDocument, Unwritten> {
        let begun = Instant::now();
        let mut over = over.cloned();
        let (mut refusals, mut pauses) = (0, Pauses::default());
        loop {
            let sent = match &self.kind {
                BackendKind::Objects(objects) => objects.write(bytes.clone(), over.as_ref()).await,
                BackendKind::Http(http) => http.write(lease, bytes.clone(), over.as_ref()).await,
            };
            let cause = match sent {
                Ok(seen) => return Ok(seen),
                Err(RequestFailure::Lasting(cause)) => return Err(Unwritten::Failed(cause)),
                Err(RequestFailure::Refused(cause)) => {
                    refusals += 1;
                    cause
                }
                Err(RequestFailure::Passing(cause)) => cause,
            };
            match self.read().await {
                Ok(Some(seen)) if seen.bytes == bytes => return Ok(seen),
                Ok(seen) if content(seen.as_ref()) != content(over.as_ref()) => {
                    return Err(Unwritten::Lost(seen));
                }
                Ok(seen) if refusals >= REFUSALS => return Err(Unwritten::Lost(seen)),
                Ok(seen) => over = seen,
                Err(RequestFailure::Lasting(cause)) => return Err(Unwritten::Failed(cause)),
                Err(_) => {}
            }
            if begun.elapsed() >= patience {
                return Err(Unwritten::Failed(cause));
            }
            pauses.pause().await;
        }
    }

    /// Whether the keeper refuses writes that it must refuse.
    pub(crate) async fn keeps_conditions(&self, there: &SeenDocument) -> Result<(), StoreError> {
        let BackendKind::Objects(objects) = &self.kind else {
            return Ok(());
        };
        match objects.keeps_conditions(there).await {
            Ok(true) => Ok(()),
            Ok(false) => {
                let text = "this store ignores the conditions of writes (If-Match, If-None-Match), \
                            so two runs could write over each other; keep the state elsewhere";
                Err(self.failed("keep a state at", cause_of_text(text)))
            }
            Err(trouble) => Err(self.failed("try conditional writes at", trouble.cause())),
        }
    }

    /// Takes the keeper's own lock, if it has one: in an object store the lease inside of
    /// the document is the lock.
    pub(crate) async fn lock(&self, lease: &Lease) -> Result<(), StoreError> {
        let BackendKind::Http(http) = &self.kind else {
            return Ok(());
        };
        let ours = LockInfo::of(lease);
        let Some((id, held)) = self.ask(http, &ours).await? else {
            return Ok(());
        };
        if held
            .as_ref()
            .is_some_and(|it| it.standing(None) == HolderStanding::Gone)
        {
            let theirs = held.as_ref().map(LockInfo::of).unwrap_or_default();
            http.unlock(&theirs)
                .await
                .map_err(|trouble| self.failed("unlock", trouble.cause()))?;
            if self.ask(http, &ours).await?.is_none() {
                return Ok(());
            }
        }
        Err(self.leased(id, held.as_ref(), None))
    }

    /// Asks for the lock; returns the name of another's, and the lease if we know it.
    async fn ask(
        &self,
        http: &HttpBackend,
        ours: &LockInfo,
    ) -> Result<Option<(String, Option<Lease>)>, StoreError> {
        let failed = |trouble: RequestFailure| self.failed("lock", trouble.cause());
        let first = match http.lock(ours).await {
            // Should it be ours by now, the server says so.
            Err(RequestFailure::Passing(_)) => http.lock(ours).await,
            answered => answered,
        };
        let Locked::Held(info) = first.map_err(failed)? else {
            return Ok(None);
        };
        let lease = match info.lease() {
            Some(lease) => Some(lease),
            None => self.noted_lease(&info.id).await,
        };
        let lease = lease.or_else(|| foreign(&info));
        Ok(Some((info.id, lease)))
    }

    /// The lease of this name that the document speaks of.
    async fn noted_lease(&self, id: &str) -> Option<Lease> {
        let seen = self.read().await.ok()??;
        let document = Document::decode(&self.name, &seen.bytes).ok()?;
        document.lease.filter(|lease| lease.id == id)
    }

    /// Gives the keeper's own lock back, if it has one. If that fails, the lock ends with
    /// our process for those on this machine, and others name it to `unlock`.
    pub(crate) async fn let_go(&self, lease: &Lease) {
        if let BackendKind::Http(http) = &self.kind {
            let _ = http.unlock(&LockInfo::of(lease)).await;
        }
    }

    /// Whether the lease inside of the document is the lock.
    pub(crate) fn locks_by_lease(&self) -> bool {
        matches!(self.kind, BackendKind::Objects(_))
    }

    /// Who holds the lock.
    pub(crate) async fn held(&self) -> Result<Option<Held>, StoreError> {
        match &self.kind {
            BackendKind::Objects(_) => {
                let Some(seen) = self.look().await? else {
                    return Ok(None);
                };
                let document = Document::decode(&self.name, &seen.bytes)?;
                Ok(document.lease.map(|lease| {
                    let standing = lease.standing(seen.age);
                    Held::new(lease.id, lease.holder, standing)
                }))
            }
            BackendKind::Http(http) => {
                // The protocol has no question for this, so the lock is asked for and given back.
                let ours = Lease::new("state unlock", 0);
                let Some((id, lease)) = self.ask(http, &LockInfo::of(&ours)).await? else {
                    self.let_go(&ours).await;
                    return Ok(None);
                };
                let standing = lease.as_ref().map(|lease| lease.standing(None));
                let standing = standing.unwrap_or(HolderStanding::Live { ends_in: None });
                let holder = lease.map(|lease| lease.holder).unwrap_or_default();
                Ok(Some(Held::new(id, holder, standing)))
            }
        }
    }

    /// Takes the lock of this name away from its holder.
    pub(crate) async fn unlock(&self, id: &str) -> Result<(), StoreError> {
        match &self.kind {
            BackendKind::Objects(_) => {
                let Some(seen) = self.look().await? else {
                    return Ok(());
                };
                let document = Document::decode(&self.name, &seen.bytes)?;
                if document.lease.as_ref().is_none_or(|lease| lease.id != id) {
                    return Ok(());
                }
                let free = document.leased(None).encode()?;
                let written = self.write(id, free, Some(&seen), PATIENCE).await;
                written.map(|_| ()).map_err(|error| match error {
                    Unwritten::Failed(cause) => self.failed("unlock", cause),
                    Unwritten::Lost(seen) => self.lost(seen.as_ref()),
                })
            }
            BackendKind::Http(http) => {
                let info = LockInfo {
                    id: id.to_owned(),
                    ..LockInfo::default()
                };
                http.unlock(&info)
                    .await
                    .map_err(|trouble| self.failed("unlock", trouble.cause()))
            }
        }
    }

    pub(crate) fn failed(&self, verb: &'static str, cause: Cause) -> StoreError {
        failure::backend_error(verb, &self.name, cause)
    }

    /// The error of a run whose state is another's now.
    pub(crate) fn lost(&self, there: Option<&SeenDocument>) -> StoreError {
        let document = there.and_then(|seen| Document::decode(&self.name, &seen.bytes).ok());
        let lease = document.and_then(|document| document.lease);
        StoreError::LockLost {
            path: self.name.clone(),
            by: Box::new(lease.map_or_else(Holder::default, |lease| lease.holder)),
        }
    }

    /// The error of who comes second.
    pub(crate) fn leased(
        &self,
        id: String,
        lease: Option<&Lease>,
        ends_in: Option<u64>,
    ) -> StoreError {
        StoreError::Leased {
            path: self.name.clone(),
            holder: Box::new(lease.map_or_else(Holder::default, |lease| lease.holder.clone())),
            id,
            ends_in,
        }
    }

    /// Reads a document that was seen.
    pub(crate) fn document(&self, seen: Option<&SeenDocument>) -> Result<Document, StoreError> {
        seen.map_or_else(
            || Ok(Document::default()),
            |seen| Document::decode(&self.name, &seen.bytes),
        )
    }
}

/// Somebody else's lock, such as one of another program, as far as it can be told.
fn foreign(info: &LockInfo) -> Option<Lease> {
    if info.who.is_empty() {
        return None;
    }
    let mut lease = Lease::new(&info.operation, 0);
    lease.id.clone_from(&info.id);
    lease.holder.host.clone_from(&info.who);
    lease.holder.pid = 0;
    lease.machine = None;
    Some(lease)
}

fn content(seen: Option<&SeenDocument>) -> Option<&[u8]> {
    seen.map(|seen| seen.bytes.as_slice())
}

/// Pauses that grow.
struct Pauses(Duration);

impl Default for Pauses {
    fn default() -> Self {
        Self(PAUSE)
    }
}

impl Pauses {
    async fn pause(&mut self) {
        tokio::time::sleep(self.0).await;
        self.0 = (self.0 * 2).min(LONGEST_PAUSE);
    }
}
