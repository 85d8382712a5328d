//! The holder of a remote state: takes the lock, writes, gives signs of life, lets go.
//!
//! - Reads: what is there when the lock is taken.
//! - Does: makes the document its own before anything is read from it, so that an earlier
//!   holder that wakes up late can write no more.
//! - Never: writes after it lost the state once.

use std::time::{Duration, Instant};

use pospool_engine::store::{Holder, KeptState, StoreError};
use tokio::sync::mpsc;

use crate::backups::PackedBackup;
use crate::document::Document;
use crate::lease::{HolderStanding, Lease};
use crate::place::{Backend, PATIENCE, Unwritten};
use crate::seen::SeenDocument;

/// How often the lock is asked for when its holders come and go meanwhile.
const ROUNDS: usize = 5;
/// How long letting go may take.
const FAREWELL: Duration = Duration::from_secs(5);

/// What the holder is asked for.
pub(crate) struct Write {
    pub(crate) kept: KeptState,
    pub(crate) backups: Vec<PackedBackup>,
    pub(crate) answer: std::sync::mpsc::Sender<Result<(), StoreError>>,
}

/// The holder of a state.
pub(crate) struct Hold {
    place: Backend,
    lease: Lease,
    document: Document,
    there: SeenDocument,
    /// Who took the state away.
    lost_to: Option<Box<Holder>>,
    renew_at: Option<Instant>,
}

impl Hold {
    /// Takes the lock.
    pub(crate) async fn acquire(place: Backend, lease: Lease) -> Result<Self, StoreError> {
        place.lock(&lease).await?;
        match claim(&place, &lease).await {
            Ok((document, there)) => {
                let mut hold = Self {
                    place,
                    lease,
                    document,
                    there,
                    lost_to: None,
                    renew_at: None,
                };
                hold.plan_renewal();
                Ok(hold)
            }
            Err(error) => {
                place.let_go(&lease).await;
                Err(error)
            }
        }
    }

    /// What is kept, and what was.
    pub(crate) fn kept(&self) -> (KeptState, Vec<PackedBackup>) {
        (self.document.kept(), self.document.backups.clone())
    }

    /// Serves until nobody can ask any more, then lets go.
    pub(crate) async fn serve(mut self, mut asked: mpsc::UnboundedReceiver<Write>) {
        loop {
            tokio::select! {
                write = asked.recv() => match write {
                    Some(Write { kept, backups, answer }) => {
                        let written = self.write(&kept, &backups).await;
                        // Who asked may be gone.
                        let _ = answer.send(written);
                    }
                    None => return self.release().await,
                },
                () = until(self.renew_at) => self.renew().await,
            }
        }
    }

    async fn write(
        &mut self,
        kept: &KeptState,
        backups: &[PackedBackup],
    ) -> Result<(), StoreError> {
        let next = self.document.with(kept, backups)?;
        self.put(next, PATIENCE).await
    }

    /// A sign of life. If it does not get through, the next one is tried soon; only a keeper
    /// that names another writer ends the hold.
    async fn renew(&mut self) {
        let next = self.document.leased(Some(self.lease.clone()));
        if self.put(next, Duration::ZERO).await.is_err() {
            let soon = self.lease.rhythm().min(Duration::from_secs(2));
            self.renew_at = self.lost_to.is_none().then(|| Instant::now() + soon);
        }
    }

    async fn release(mut self) {
        if self.lost_to.is_some() {
            return;
        }
        if self.place.locks_by_lease() {
            let free = self.document.leased(None);
            // If it does not get through, the lease ends by itself.
            let _ = tokio::time::timeout(FAREWELL, self.put(free, Duration::ZERO)).await;
        } else {
            let _ = tokio::time::timeout(FAREWELL, self.place.let_go(&self.lease)).await;
        }
    }

    async fn put(&mut self, next: Document, patience: Duration) -> Result<(), StoreError> {
        if let Some(by) = &self.lost_to {
            return Err(StoreError::LockLost {
                path: self.place.name.clone(),
                by: by.clone(),
            });
        }
        let bytes = next.encode()?;
        let over = Some(&self.there);
        match self
            .place
            .write(&self.lease.id, bytes, over, patience)
            .await
        {
            Ok(seen) => {
                (self.document, self.there) = (next, seen);
                self.plan_renewal();
                Ok(())
            }
            Err(Unwritten::Failed(cause)) => Err(self.place.failed("write", cause)),
            Err(Unwritten::Lost(seen)) => {
                let error = self.place.lost(seen.as_ref());
                if let StoreError::LockLost { by, .. } = &error {
                    self.lost_to = Some(by.clone());
                }
                Err(error)
            }
        }
    }

    fn plan_renewal(&mut self) {
        let lasts = self.lease.seconds > 0;
        self.renew_at = lasts.then(|| Instant::now() + self.lease.rhythm());
    }
}

/// Makes the document ours, whatever it was before, unless a living holder has it.
async fn claim(place: &Backend, lease: &Lease) -> Result<(Document, SeenDocument), StoreError> {
    let mut met = None;
    for _ in 0..ROUNDS {
        let seen = place.look().await?;
        let document = place.document(seen.as_ref())?;
        if let Some(other) = document.lease.as_ref().filter(|_| place.locks_by_lease()) {
            let age = seen.as_ref().and_then(|seen| seen.age);
            if let HolderStanding::Live { ends_in } = other.standing(age) {
                return Err(place.leased(other.id.clone(), Some(other), ends_in));
            }
            met = Some(other.clone());
        }
        let ours = document.leased(Some(lease.clone()));
        let written = place
            .write(&lease.id, ours.encode()?, seen.as_ref(), PATIENCE)
            .await;
        match written {
            Ok(there) => {
                if seen.is_none() {
                    place.keeps_conditions(&there).await?;
                }
                return Ok((ours, there));
            }
            // Another one was quicker; it may be done already.
            Err(Unwritten::Lost(_)) => {}
            Err(Unwritten::Failed(cause)) => return Err(place.failed("write", cause)),
        }
    }
    let id = met
        .as_ref()
        .map(|lease| lease.id.clone())
        .unwrap_or_default();
    Err(place.leased(id, met.as_ref(), None))
}

/// Waits until then, or for ever.
async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}
