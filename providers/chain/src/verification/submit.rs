//! Handing a source in: ask, submit, poll, as often as it takes.
//!
//! - Reads: the compiler's input from the cache of sources; answers of the explorer.
//! - Returns: nothing more than that it is verified; or the explorer's own words.
//! - Never: hands in what is verified already. All of it may be done again at any time.

use std::time::Duration;

use pospool_conflux_tx::{History, Pace};
use pospool_model::provider::Progress;
use pospool_model::{Attributes, Code, ProviderError};
use serde_json::Value as Json;
use tokio::time::Instant;

use super::explorer::{self, ExplorerQuestion, VerificationReply};
use super::web::WebError;
use super::{Web, licence};
use crate::codes;
use crate::work::VerifyWork;

/// Code of an explorer's refusal.
const REFUSED: Code = codes::VERIFICATION_REFUSED;
/// Longest time between two questions.
const SLOWEST: Duration = Duration::from_secs(15);

/// What an explorer knows of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum KnownVerification {
    Verified,
    Unverified,
    /// It does not say, and why.
    Silent(String),
}

/// Asks whether a contract is verified.
pub(super) async fn ask_explorer(web: &Web, order: &VerifyWork) -> KnownVerification {
    match say(web, order, ExplorerQuestion::Source).await {
        Ok(VerificationReply::Verified) => KnownVerification::Verified,
        Ok(VerificationReply::Unverified) => KnownVerification::Unverified,
        Ok(
            VerificationReply::Later(what)
            | VerificationReply::Again(what)
            | VerificationReply::Refused(what),
        )
        | Err(WebError::Silent(what) | WebError::Wrong(what)) => KnownVerification::Silent(what),
        Ok(VerificationReply::Taken(_) | VerificationReply::Pending) => {
            KnownVerification::Silent("it answers another question".to_owned())
        }
    }
}

async fn say(
    web: &Web,
    order: &VerifyWork,
    question: ExplorerQuestion<'_>,
) -> Result<VerificationReply, WebError> {
    let request = explorer::request_of(order, question);
    let body = web
        .ask(&order.api, order.api_key.as_ref(), &request)
        .await?;
    let strange = || WebError::Wrong("its answers are not those of an explorer's API".to_owned());
    let answer = explorer::open_answer(&body).ok_or_else(strange)?;
    Ok(explorer::read_answer(question, &answer))
}

/// The step. What an earlier run began is only asked for: if it came to nothing, the next plan begins it again.
pub(crate) async fn submit_source(
    web: &Web,
    pace: Pace,
    order: &VerifyWork,
    history: History,
    progress: &dyn Progress,
) -> Result<Attributes, ProviderError> {
    if history != History::Unsent {
        return match ask_explorer(web, order).await {
            KnownVerification::Verified => Ok(Attributes::new()),
            KnownVerification::Unverified | KnownVerification::Silent(_) => {
                Err(ProviderError::refused(
                    codes::VERIFICATION_UNFINISHED,
                    format!(
                        "an earlier run began to verify {}, and it is not verified: the next plan begins again",
                        order.what
                    ),
                ))
            }
        };
    }
    let source = read_source(order)?;
    Talk {
        web,
        order,
        pace,
        progress,
        started: Instant::now(),
        pause: pace.poll,
    }
    .hold(&source)
    .await
}

/// The compiler's input and its licence.
struct Source {
    text: String,
    licence: u8,
}

fn read_source(order: &VerifyWork) -> Result<Source, ProviderError> {
    let text = std::fs::read_to_string(&order.input).map_err(|source| ProviderError::Refused {
        code: codes::NO_SOURCE_INPUT,
        what: format!(
            "what {} was compiled from is not in the cache any more ({}); plan again",
            order.what,
            order.input.display()
        ),
        source: Some(Box::new(source)),
    })?;
    let file = order.name.rsplit_once(':').map_or("", |(file, _)| file);
    let json: Json = serde_json::from_str(&text).unwrap_or_default();
    let content = json["sources"][file]["content"]
        .as_str()
        .unwrap_or_default();
    Ok(Source {
        licence: licence::licence_number(content),
        text,
    })
}

/// One conversation with an explorer.
struct Talk<'a> {
    web: &'a Web,
    order: &'a VerifyWork,
    pace: Pace,
    progress: &'a dyn Progress,
    started: Instant,
    /// Time until the next question; it grows.
    pause: Duration,
}

impl Talk<'_> {
    async fn hold(mut self, source: &Source) -> Result<Attributes, ProviderError> {
        loop {
            let submit = ExplorerQuestion::Submit {
                source: &source.text,
                licence: source.licence,
            };
            // What is verified meanwhile, by whomever, need not be handed in.
            let said = match self.say(ExplorerQuestion::Source).await? {
                VerificationReply::Unverified => self.say(submit).await?,
                other => other,
            };
            let later = match said {
                VerificationReply::Verified => return Ok(Attributes::new()),
                VerificationReply::Taken(guid) => match self.poll(&guid).await? {
                    None => return Ok(Attributes::new()),
                    Some(later) => later,
                },
                VerificationReply::Later(what) | VerificationReply::Again(what) => what,
                VerificationReply::Unverified | VerificationReply::Pending => {
                    "it does not say".to_owned()
                }
                VerificationReply::Refused(words) => return Err(self.refused(&words)),
            };
            self.wait(&later).await?;
        }
    }

    /// Polls until it is verified; returns why it must be handed in again.
    async fn poll(&mut self, guid: &str) -> Result<Option<String>, ProviderError> {
        self.pause = self.pace.poll;
        loop {
            match self.say(ExplorerQuestion::Status { guid }).await? {
                VerificationReply::Verified => return Ok(None),
                VerificationReply::Pending => self.wait("it is in the queue").await?,
                // A busy explorer has not lost the submission.
                VerificationReply::Later(what) => self.wait(&what).await?,
                VerificationReply::Again(what) => return Ok(Some(what)),
                VerificationReply::Refused(words) => return Err(self.refused(&words)),
                VerificationReply::Taken(_) | VerificationReply::Unverified => {
                    return Ok(Some("it does not say".to_owned()));
                }
            }
        }
    }

    /// Asks; silence is a reason to ask again.
    async fn say(
        &self,
        question: ExplorerQuestion<'_>,
    ) -> Result<VerificationReply, ProviderError> {
        match say(self.web, self.order, question).await {
            Ok(said) => Ok(said),
            Err(WebError::Silent(what)) => Ok(VerificationReply::Later(what)),
            Err(WebError::Wrong(what)) => Err(self.refused(&what)),
        }
    }

    async fn wait(&mut self, why: &str) -> Result<(), ProviderError> {
        if self.progress.cancelled() {
            return Err(ProviderError::Cancelled);
        }
        let (what, api) = (&self.order.what, &self.order.api);
        if self.started.elapsed() >= self.pace.wait {
            return Err(ProviderError::Converging {
                what: format!(
                    "{what} is not verified at {api} yet ({why}); run apply again to go on"
                ),
            });
        }
        self.progress.waiting(&format!("{api}: {why}"));
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 3 / 2).min(SLOWEST);
        Ok(())
    }

    fn refused(&self, words: &str) -> ProviderError {
        let VerifyWork { what, api, .. } = self.order;
        ProviderError::refused(REFUSED, format!("{api} does not verify {what}: {words}"))
    }
}
