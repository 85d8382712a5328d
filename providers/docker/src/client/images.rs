//! Calls about images.
//!
//! - Reads: local images, a registry through the engine, a build context in memory.
//! - Returns: ids and labels.
//! - Never: asks for a build step with a network.

use std::collections::{HashMap, VecDeque};

use bollard::models::CreateImageInfo;
use bollard::query_parameters::{
    BuildImageOptionsBuilder, CreateImageOptionsBuilder, RemoveImageOptions,
};
use futures_util::StreamExt;
use pospool_model::ProviderError;
use pospool_model::provider::Progress;

use super::{Engine, QUICK, bounded_look};
use crate::client::transport::LONG;
use crate::codes;
use crate::errors::{CallKind, call_failed, timed_out};
use crate::names::{ImageRef, Labels};

/// Build output that is kept for the message of a failure.
const KEPT_LINES: usize = 15;

/// Most bytes of one line of build output that are kept.
const LINE_LIMIT: usize = 400;
/// Most layers that a pull is followed for; Docker itself makes at most 127.
const MOST_LAYERS: usize = 1000;

/// How far the layers of a pull are: id -> bytes there, bytes in all.
#[derive(Debug, Default)]
pub(crate) struct Layers(HashMap<String, (u64, u64)>);

impl Layers {
    /// Notes one line, and returns how far the pull is in MB if the line said anything of it.
    pub(crate) fn note(&mut self, line: CreateImageInfo) -> Option<(u64, u64)> {
        let (id, detail) = (line.id?, line.progress_detail?);
        let bytes = |number: Option<i64>| u64::try_from(number?).ok();
        let (current, total) = (bytes(detail.current)?, bytes(detail.total)?);
        if self.0.len() < MOST_LAYERS || self.0.contains_key(&id) {
            self.0.insert(id, (current, total));
        }
        let sum = |sum: (u64, u64), layer: &(u64, u64)| {
            (sum.0.saturating_add(layer.0), sum.1.saturating_add(layer.1))
        };
        let (current, total) = self.0.values().fold((0, 0), sum);
        Some((current / 1_000_000, total / 1_000_000))
    }
}

/// A local image.
#[derive(Clone, Debug)]
pub(crate) struct LocalImage {
    /// Id, `sha256:…`.
    pub(crate) id: String,
    /// `name@sha256:…` of the registries that it was pulled from.
    pub(crate) digests: Vec<String>,
    /// Its labels.
    pub(crate) labels: Labels,
}

impl LocalImage {
    /// Whether a digest names this very content.
    pub(crate) fn is(&self, digest: &str) -> bool {
        self.id == digest
            || self
                .digests
                .iter()
                .any(|known| known.rsplit_once('@').is_some_and(|(_, own)| own == digest))
    }
}

impl Engine {
    /// Inspects a local image by a reference without digest.
    pub(crate) async fn image(
        &self,
        image: &ImageRef,
    ) -> Result<Option<LocalImage>, ProviderError> {
        self.image_by(&image.tagged()).await
    }

    /// Inspects a local image by a repository and the digest that the reference names.
    pub(crate) async fn image_by_digest(
        &self,
        image: &ImageRef,
    ) -> Result<Option<LocalImage>, ProviderError> {
        let Some(digest) = image.digest() else {
            return Ok(None);
        };
        if let Some(found) = self.image_by(&format!("{}@{digest}", image.name())).await? {
            return Ok(Some(found));
        }
        self.image_by(digest).await
    }

    async fn image_by(&self, reference: &str) -> Result<Option<LocalImage>, ProviderError> {
        let call = self.docker.inspect_image(reference);
        let found = bounded_look(&format!("inspect image `{reference}`"), call).await?;
        Ok(found.map(|image| LocalImage {
            id: image.id.unwrap_or_default(),
            digests: image.repo_digests.unwrap_or_default(),
            labels: image
                .config
                .and_then(|config| config.labels)
                .unwrap_or_default()
                .into_iter()
                .collect(),
        }))
    }

    /// Pulls an image, by its digest if it has one.
    pub(crate) async fn pull(
        &self,
        image: &ImageRef,
        progress: &dyn Progress,
    ) -> Result<(), ProviderError> {
        let version = image.digest().or(image.tag()).unwrap_or("latest");
        let options = CreateImageOptionsBuilder::new()
            .from_image(image.name())
            .tag(version)
            .build();
        let mut stream = Box::pin(self.docker.create_image(Some(options), None, None));
        let what = format!("pull image `{image}`");
        let deadline = tokio::time::Instant::now() + LONG;
        let mut layers = Layers::default();
        loop {
            let Ok(next) = tokio::time::timeout_at(deadline, stream.next()).await else {
                return Err(timed_out(CallKind::Read, &what));
            };
            let line = match next {
                None => return Ok(()),
                Some(line) => line.map_err(|error| pull_failed(image, error))?,
            };
            if let Some((current, total)) = layers.note(line) {
                progress.waiting(&format!("pulling {image}: {current} of {total} MB"));
            }
            if progress.cancelled() {
                return Err(ProviderError::Cancelled);
            }
        }
    }

    /// Builds an image from a tar archive, without a network.
    pub(crate) async fn build(
        &self,
        tag: &str,
        labels: &Labels,
        context: Vec<u8>,
        progress: &dyn Progress,
    ) -> Result<(), ProviderError> {
        let labels: HashMap<String, String> = labels.clone().into_iter().collect();
        let options = BuildImageOptionsBuilder::new()
            .t(tag)
            .labels(&labels)
            .networkmode("none")
            .rm(true)
            .forcerm(true)
            .build();
        let body = bollard::body_full(context.into());
        let mut stream = Box::pin(self.docker.build_image(options, None, Some(body)));
        let deadline = tokio::time::Instant::now() + LONG;
        let what = format!("build image `{tag}`");
        let mut lines: VecDeque<String> = VecDeque::new();
        loop {
            let Ok(next) = tokio::time::timeout_at(deadline, stream.next()).await else {
                return Err(timed_out(CallKind::Change, &what));
            };
            match next {
                None => return Ok(()),
                Some(Ok(line)) => {
                    let text = line.stream.unwrap_or_default();
                    keep(&mut lines, &text);
                    if let Some(last) = lines.back() {
                        progress.waiting(&format!("building {tag}: {last}"));
                    }
                }
                Some(Err(error)) => return Err(build_failed(&what, lines, error)),
            }
            if progress.cancelled() {
                return Err(ProviderError::Cancelled);
            }
        }
    }

    /// Removes an image if nothing uses it; whether it went does not matter.
    pub(crate) async fn try_remove_image(&self, image: &ImageRef) {
        let tagged = image.tagged();
        let call = self
            .docker
            .remove_image(&tagged, None::<RemoveImageOptions>, None);
        // Another node may use the same image; then the engine refuses, and that is right.
        let _ = tokio::time::timeout(QUICK, call).await;
    }
}

fn pull_failed(image: &ImageRef, error: bollard::errors::Error) -> ProviderError {
    match call_failed(CallKind::Read, &format!("pull image `{image}`"), error) {
        ProviderError::Refused { source, .. } => ProviderError::Refused {
            code: codes::PULL_FAILED,
            what: format!(
                "image `{image}` cannot be pulled; check its name and the host's way to the registry, \
                 or load it by hand with `docker load`"
            ),
            source,
        },
        other => other,
    }
}

/// Keeps the last lines of a build, each up to a limit.
fn keep(lines: &mut VecDeque<String>, text: &str) {
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let end = line.floor_char_boundary(LINE_LIMIT);
        lines.push_back(line[..end].to_owned());
        if lines.len() > KEPT_LINES {
            lines.pop_front();
        }
    }
}

fn build_failed(
    what: &str,
    lines: VecDeque<String>,
    error: bollard::errors::Error,
) -> ProviderError {
    let last = Vec::from(lines).join("\n");
    match call_failed(CallKind::Change, what, error) {
        ProviderError::Refused { source, .. } => ProviderError::Refused {
            code: codes::BUILD_FAILED,
            what: format!("Docker failed to {what}; its last output:\n{last}"),
            source,
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: &str, current: i64, total: i64) -> CreateImageInfo {
        let detail = serde_json::json!({ "current": current, "total": total });
        let line = serde_json::json!({ "id": id, "progressDetail": detail });
        serde_json::from_value(line).unwrap()
    }

    /// The sum of what an engine says once went over its type.
    #[test]
    fn no_word_of_an_engine_breaks_the_count_of_a_pull() {
        let mut layers = Layers::default();
        assert_eq!(layers.note(line("a", 1_000_000, 2_000_000)), Some((1, 2)));
        assert_eq!(layers.note(line("b", 2_000_000, 3_000_000)), Some((3, 5)));
        assert_eq!(layers.note(line("c", -1, 1)), None);
        for id in 0..2 * MOST_LAYERS {
            layers.note(line(&format!("l{id}"), i64::MAX, i64::MAX));
        }
        assert_eq!(layers.0.len(), MOST_LAYERS);
        assert_eq!(
            layers.note(line("a", 0, 0)),
            Some((u64::MAX / 1_000_000, u64::MAX / 1_000_000))
        );
    }

    #[test]
    fn only_the_last_lines_of_a_build_are_kept() {
        let mut lines = VecDeque::new();
        for number in 0..100 {
            keep(&mut lines, &format!("step {number}\n\n"));
        }
        assert_eq!((lines.len(), lines[0].as_str()), (KEPT_LINES, "step 85"));
        keep(&mut lines, &"é".repeat(10_000));
        assert!(lines.back().unwrap().len() <= LINE_LIMIT);
    }
}
