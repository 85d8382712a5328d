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

use super::explorer::{self, Question, Said};
use super::web::NoAnswer;
use super::{Web, licence};
use crate::codes;
use crate::work::VerifyWork;

/// Code of an explorer's refusal.
const REFUSED: Code = codes::VERIFICATION_REFUSED;
/// Longest time between two questions.
const SLOWEST: Duration = Duration::from_secs(15);

/// What an explorer knows of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Verified,
    Unverified,
    /// It does not say, and why.
    Silent(String),
}

/// Asks whether a contract is verified.
pub(super) async fn ask_explorer(web: &Web, order: &VerifyWork) -> Known {
    match say(web, order, Question::Source).await {
        Ok(Said::Verified) => Known::Verified,
        Ok(Said::Unverified) => Known::Unverified,
        Ok(Said::Later(what) | Said::Again(what) | Said::Refused(what))
        | Err(NoAnswer::Silent(what) | NoAnswer::Wrong(what)) => Known::Silent(what),
        Ok(Said::Taken(_) | Said::Pending) => {
            Known::Silent("it answers another question".to_owned())
        }
    }
}

async fn say(web: &Web, order: &VerifyWork, question: Question<'_>) -> Result<Said, NoAnswer> {
    let request = explorer::request_of(order, question);
    let body = web
        .ask(&order.api, order.api_key.as_ref(), &request)
        .await?;
    let strange = || NoAnswer::Wrong("its answers are not those of an explorer's API".to_owned());
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
            Known::Verified => Ok(Attributes::new()),
            Known::Unverified | Known::Silent(_) => Err(ProviderError::refused(
                codes::VERIFICATION_UNFINISHED,
                format!(
                    "an earlier run began to verify {}, and it is not verified: the next plan begins again",
                    order.what
                ),
            )),
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
            let submit = Question::Submit {
                source: &source.text,
                licence: source.licence,
            };
            // What is verified meanwhile, by whomever, need not be handed in.
            let said = match self.say(Question::Source).await? {
                Said::Unverified => self.say(submit).await?,
                other => other,
            };
            let later = match said {
                Said::Verified => return Ok(Attributes::new()),
                Said::Taken(guid) => match self.poll(&guid).await? {
                    None => return Ok(Attributes::new()),
                    Some(later) => later,
                },
                Said::Later(what) | Said::Again(what) => what,
                Said::Unverified | Said::Pending => "it does not say".to_owned(),
                Said::Refused(words) => return Err(self.refused(&words)),
            };
            self.wait(&later).await?;
        }
    }

    /// Polls until it is verified; returns why it must be handed in again.
    async fn poll(&mut self, guid: &str) -> Result<Option<String>, ProviderError> {
        self.pause = self.pace.poll;
        loop {
            match self.say(Question::Status { guid }).await? {
                Said::Verified => return Ok(None),
                Said::Pending => self.wait("it is in the queue").await?,
                // A busy explorer has not lost the submission.
                Said::Later(what) => self.wait(&what).await?,
                Said::Again(what) => return Ok(Some(what)),
                Said::Refused(words) => return Err(self.refused(&words)),
                Said::Taken(_) | Said::Unverified => return Ok(Some("it does not say".to_owned())),
            }
        }
    }

    /// Asks; silence is a reason to ask again.
    async fn say(&self, question: Question<'_>) -> Result<Said, ProviderError> {
        match say(self.web, self.order, question).await {
            Ok(said) => Ok(said),
            Err(NoAnswer::Silent(what)) => Ok(Said::Later(what)),
            Err(NoAnswer::Wrong(what)) => Err(self.refused(&what)),
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
