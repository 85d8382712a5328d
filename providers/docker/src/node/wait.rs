//! Waiting for a node: first for its identity, then until it follows its chain.
//!
//! - Reads: a [`UpJob`]; the container, and the node inside it.
//! - Returns: the node's public data.
//! - Never: changes anything.

use std::time::{Duration, SystemTime};

use pospool_model::provider::Progress;
use pospool_model::{Attributes, ProviderError, Value};
use tokio::time::{Instant, sleep};

use crate::client::Engine;
use crate::codes;
use crate::failures;
use crate::names::Name;
use crate::node::guard_report::query_guard;
use crate::rpc::{self, NodeIdentity};
use crate::workload::job::UpJob;
use crate::workload::run::{container_id, inspect_container, is_running};

/// Between two questions.
const POLL: Duration = Duration::from_secs(1);

/// Waits until the node says which key it has.
pub(crate) async fn wait_for_identity(
    engine: &Engine,
    job: &UpJob,
    limit: Duration,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    let mut wait = Wait::new(engine, job, limit, progress);
    loop {
        let container = wait.running().await?;
        if let Some(identity) = rpc::query_identity(engine, &container).await? {
            return outputs(job, identity);
        }
        wait.refuse_given_up(&container).await?;
        wait.pause("waiting for its RPC, which comes after its databases are open")
            .await?;
    }
}

/// Waits until the node follows its chain.
pub(crate) async fn wait_until_ready(
    engine: &Engine,
    job: &UpJob,
    limit: Duration,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    let mut wait = Wait::new(engine, job, limit, progress);
    let mut before = rpc::NodeProgress::default();
    loop {
        let container = wait.running().await?;
        let found = rpc::query_progress(engine, &container)
            .await?
            .unwrap_or_default();
        if found.is_ready() {
            return Ok(Attributes::new());
        }
        if found.phase.is_empty() {
            wait.refuse_given_up(&container).await?;
        }
        let clock = found.clock(&before).map(|clock| format!("; {clock}"));
        let line = format!(
            "following its chain: {}{}",
            found.line(),
            clock.unwrap_or_default()
        );
        wait.pause(&line).await?;
        before = found;
    }
}

/// The node's outputs; data that is known already stays as it is, since its proof is made anew each time.
fn outputs(job: &UpJob, identity: NodeIdentity) -> Result<Attributes, ProviderError> {
    let mut outputs = Attributes::from([(
        "client_version".to_owned(),
        Value::from(identity.client_version),
    )]);
    match &job.key {
        Some(key) if *key != identity.pos_address => {
            return Err(ProviderError::refused(
                codes::POS_KEY_CHANGED,
                format!(
                    "{} has the PoS key {}, and {key} was expected: its volume was changed; put the old \
                     pos_config/pos_key back",
                    job.spec.address, identity.pos_address
                ),
            ));
        }
        Some(_) => {}
        None => {
            outputs.insert("pos_address".to_owned(), identity.pos_address.into());
            outputs.insert("register_data".to_owned(), identity.register_data.into());
        }
    }
    Ok(outputs)
}

/// One wait, and what ends it.
struct Wait<'a> {
    engine: &'a Engine,
    job: &'a UpJob,
    deadline: Instant,
    limit: Duration,
    /// When the container was started, as its engine says.
    started: Option<SystemTime>,
    progress: &'a dyn Progress,
}

impl<'a> Wait<'a> {
    fn new(
        engine: &'a Engine,
        job: &'a UpJob,
        limit: Duration,
        progress: &'a dyn Progress,
    ) -> Self {
        Self {
            engine,
            job,
            deadline: Instant::now() + limit,
            limit,
            started: None,
            progress,
        }
    }

    /// Returns the container, or why it does not run any more.
    async fn running(&mut self) -> Result<Name, ProviderError> {
        let found = inspect_container(self.engine, &self.job.spec.name).await?;
        let id = container_id(found.id)?;
        let state = found.state.unwrap_or_default();
        if is_running(&state) {
            let started = state.started_at.as_deref();
            self.started = started.and_then(|at| humantime::parse_rfc3339_weak(at).ok());
            return Ok(id);
        }
        let lines = self.engine.last_lines(&id, failures::LOOKED_AT).await;
        Err(failures::explain_exit(
            self.job.spec.address.as_str(),
            &state,
            &lines,
        ))
    }

    /// Nobody waits for a node that its guard does not start any more. Asked where the node does not answer: it takes a command
    /// in its container.
    async fn refuse_given_up(&self, container: &Name) -> Result<(), ProviderError> {
        let report = query_guard(self.engine, container).await;
        let Some(report) = report.filter(|report| report.given_up) else {
            return Ok(());
        };
        let address = &self.job.spec.address;
        Err(ProviderError::refused(
            codes::NODE_GIVEN_UP,
            format!("{address} does not run: {}", report.why),
        ))
    }

    /// A node that replaced another one has its time, in however many runs of the program; the time of a wait is another.
    fn refuse_late(&self, what: &str) -> Result<(), ProviderError> {
        let replaced = self.job.replaces.as_ref();
        let within = replaced.and_then(|old| old.way_back.within);
        let age = self.started.and_then(|at| at.elapsed().ok());
        let Some((within, age)) = within.zip(age) else {
            return Ok(());
        };
        if age.as_secs() < within {
            return Ok(());
        }
        let bound = humantime::format_duration(Duration::from_secs(within));
        Err(ProviderError::refused(
            codes::NOT_READY_IN_TIME,
            format!(
                "{} does not follow its chain {bound} after its start ({what})",
                self.job.spec.address
            ),
        ))
    }

    async fn pause(&mut self, what: &str) -> Result<(), ProviderError> {
        self.progress.waiting(what);
        if self.progress.cancelled() {
            return Err(ProviderError::Cancelled);
        }
        self.refuse_late(what)?;
        if Instant::now() >= self.deadline {
            return Err(ProviderError::Converging {
                what: format!(
                    "{} is not ready after {} min ({what}); it continues by itself, run `pospool apply` again later",
                    self.job.spec.address,
                    self.limit.as_secs() / 60
                ),
            });
        }
        sleep(POLL).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(key: Option<&str>) -> UpJob {
        UpJob {
            docker: "unix:///x".to_owned(),
            spec: crate::node::tests::spec(),
            create: false,
            start: true,
            secret: None,
            key: key.map(str::to_owned),
            replaces: None,
            ends: None,
        }
    }

    fn identity() -> NodeIdentity {
        NodeIdentity {
            pos_address: "0xab".to_owned(),
            register_data: "0xcd".to_owned(),
            client_version: "v".to_owned(),
        }
    }

    #[test]
    fn a_known_registration_is_not_made_anew() {
        let known = outputs(&job(Some("0xab")), identity()).unwrap();
        assert_eq!(known.into_keys().collect::<Vec<_>>(), ["client_version"]);
        let new = outputs(&job(None), identity()).unwrap();
        assert_eq!(new["register_data"], Value::from("0xcd"));
    }

    #[test]
    fn another_key_is_refused() {
        let error = outputs(&job(Some("0x01")), identity()).unwrap_err();
        assert_eq!(error.code(), "docker/pos-key-changed");
    }
}
