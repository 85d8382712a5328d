//! The kind `syncer` among containers: one key, and a process that says of itself how it is.
//!
//! - Reads: what a plan decided, what a look found; what the syncer says.
//! - Returns: what is particular to a syncer, from the other files of this folder.
//! - Never: starts one without its key.

use async_trait::async_trait;
use pospool_model::provider::{Scene, Target, Task, World};
use pospool_model::{Attributes, KindSchema, Problem, ProviderError, Secret, SecretRef};

use super::endpoints::{CORE_RPC, shown};
use super::image::trial;
use super::report::{self, Report};
use super::{SYNCER, container, design, observe, run, wish};
use crate::client::{Engine, Labels, Listed};
use crate::codes;
use crate::facts::DockerFacts;
use crate::image::{SYNCERS, labelled};
use crate::names::{self, Name};
use crate::observe::View;
use crate::secret::private_key;
use crate::syncer::Current;
use crate::workload::job::UpJob;
use crate::workload::run::{is_running, state};
use crate::workload::{Draft, Inside, Kind, Made, Seen, Start, Workload, planned};

/// Syncers.
pub(crate) struct Syncer;

#[async_trait]
impl Kind for Syncer {
    fn schema(&self) -> &'static KindSchema {
        &SYNCER
    }

    fn normalise(&self, attributes: &mut Attributes, problems: &mut Vec<Problem>) {
        wish::normalise(attributes, problems);
    }

    fn workload(&self, made: &Made) -> Result<Workload, Problem> {
        container::workload(made)
    }

    fn images(&self, labels: &Labels) -> Vec<String> {
        let image = labelled(SYNCERS, labels, names::DIGEST);
        image.into_iter().collect()
    }

    fn patience(&self) -> &'static str {
        "at most 30 s"
    }

    /// For its journal.
    fn own_volume(&self, container: &Name) -> Option<Name> {
        Some(container.clone())
    }

    fn look_before(
        &self,
        target: &Target<'_>,
        scene: &Scene<'_>,
        view: &View,
        own: Option<&Listed>,
        _: &mut DockerFacts,
    ) -> Result<(), Problem> {
        match own {
            Some(_) => Ok(()),
            None => observe::refuse_second_syncer(target, scene, &view.containers),
        }
    }

    async fn inside(&self, seen: &Seen<'_>, _: &mut DockerFacts) -> Result<Inside, Problem> {
        let report = if seen.running() {
            report::ask(&seen.view.engine, &seen.id, &seen.found).await
        } else {
            None
        };
        Ok(Inside {
            outputs: report.as_ref().map(Report::outputs).unwrap_or_default(),
            ..Inside::plain(observe::state(seen.running(), report.as_ref()))
        })
    }

    fn made(&self, seen: &Seen<'_>, attributes: &Attributes, _: &DockerFacts) -> Option<Made> {
        let mut attributes = attributes.clone();
        shown(&mut attributes);
        observe::made(seen, &attributes)
    }

    fn differences(&self, seen: &Seen<'_>, made: &Made, _: &DockerFacts) -> Vec<&'static str> {
        let changed = observe::is_another_image(made, seen.scene);
        let changed = changed.then_some("chain or release of pospool");
        changed.into_iter().collect()
    }

    fn edited(&self) -> (&'static str, &'static str) {
        ("hardening", "changed: chain or release of pospool")
    }

    fn shown(
        &self,
        attributes: &mut Attributes,
        seen: &Seen<'_>,
        made: Option<&Made>,
        _: &DockerFacts,
    ) {
        shown(attributes);
        if let Some(list) = observe::taken_over(made, seen.target, seen.scene) {
            attributes.insert(CORE_RPC.to_owned(), list);
        }
    }

    fn outputs(&self, made: &Made) -> Attributes {
        let more = [
            ("image", made.image.as_str()),
            ("volume", made.name.as_str()),
            ("network", made.network.as_str()),
        ];
        planned(made, &more)
    }

    fn draft(&self, task: &Task<'_>, world: &World<'_>, _: &DockerFacts) -> Result<Draft, Problem> {
        design::draft(task, world)
    }

    fn farewell(&self, _: &Task<'_>) -> Vec<String> {
        vec!["pending bridge operations will no longer be executed: stake and unstakes of eSpace wait".to_owned()]
    }

    fn secret(&self, reference: &SecretRef) -> Result<Secret, ProviderError> {
        private_key(reference)
    }

    /// The private key, then each endpoint that has a key.
    fn input(&self, job: &UpJob, current: &Current) -> Result<Vec<Secret>, ProviderError> {
        let keys: Result<Vec<_>, _> = job.secret.iter().map(private_key).collect();
        let mut lines = keys?;
        lines.extend(current.lines(&job.made)?);
        Ok(lines)
    }

    async fn check(&self, engine: &Engine, job: &UpJob) -> Result<(), ProviderError> {
        let made = &job.made;
        // Docker would make an empty one in silence, without our labels.
        match engine.volume(&made.name).await? {
            Some(labels) if labels == made.owner() => Ok(()),
            Some(_) => {
                let name = &made.name;
                let what = format!("a volume `{name}` is there that pospool did not make");
                Err(ProviderError::refused(codes::NAME_TAKEN, what))
            }
            None => {
                let what = format!("volume `{}` is gone; plan again", made.name);
                Err(ProviderError::refused(codes::NO_VOLUME, what))
            }
        }
    }

    async fn start(&self, start: &Start<'_>) -> Result<(), ProviderError> {
        let (engine, container) = (start.engine, start.container);
        run::end_what_does_not_work(engine, start.job, container, start.progress).await?;
        if is_running(&state(engine, container).await?) {
            return Ok(());
        }
        let input = engine.stdin(container).await?;
        engine.start(container).await?;
        input.lines(start.input).await
    }

    async fn ready(&self, start: &Start<'_>) -> Result<Attributes, ProviderError> {
        let report = run::well(start.engine, start.job, start.container, start.progress).await?;
        Ok(report.outputs())
    }

    /// It reads its spec: a round would need the key, and two syncers take each other's nonces.
    fn trial(&self) -> Option<Vec<String>> {
        Some(trial().map(str::to_owned).into())
    }
}
