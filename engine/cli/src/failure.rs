//! Why a command stopped before it could give its result.
//!
//! - Reads: nothing.
//! - Returns: a code, a cause, what to do, and the exit code of each failure.
//! - Never: prints; `view::failure` does.

mod agent;
mod import;
mod key;
mod state;

use std::io;
use std::path::{Path, PathBuf};

use pospool_engine::store::StoreError;
use pospool_lang::spec::SourceFile;
use pospool_model::plan::EffectId;
use pospool_model::shown::clean_line;
use pospool_model::{Code, Diagnostic, ProviderError};
use pospool_remote::{LocationError, SettingsError};
use pospool_serve::ServeError;

use crate::codes;
use crate::exit::Exit;

pub use agent::AgentFailure;
pub use import::ImportFailure;
pub use key::KeyFailure;
pub use state::StateFailure;

/// Why a command stopped.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The spec or its variables have problems, all of which are here.
    #[error("the spec has problems")]
    Problems {
        /// The problems.
        problems: Vec<Diagnostic>,
        /// The texts that they speak of.
        files: Vec<SourceFile>,
    },
    /// The state or a saved plan cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state's location cannot be meant.
    #[error(transparent)]
    Location(#[from] LocationError),
    /// A variable of the environment cannot be meant.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The web page cannot be served.
    #[error(transparent)]
    Serve(#[from] ServeError),
    /// A command on the state cannot do what it is asked for.
    #[error(transparent)]
    State(Box<StateFailure>),
    /// A command about a PoS key cannot do what it is asked for.
    #[error(transparent)]
    Key(Box<KeyFailure>),
    /// A command of the agent cannot do what it is asked for.
    #[error(transparent)]
    Agent(Box<AgentFailure>),
    /// Something cannot be taken up.
    #[error(transparent)]
    Import(#[from] ImportFailure),
    /// A volume that a command is about could not be looked at.
    #[error("cannot look at what is there")]
    Look(#[source] ProviderError),
    /// Effects of an earlier run could not be settled, and what is asked for cannot go on beside them.
    #[error("an earlier run left effects open, and they cannot be settled now")]
    Unsettled(Vec<(EffectId, ProviderError)>),
    /// An effect of an earlier run is open that this command does not settle.
    #[error("an earlier run began `{0}`, and what came of it is not known")]
    StillOpen(String),
    /// A name that neither the spec nor the state has.
    #[error("neither the spec nor the state has `{address}`")]
    UnknownResource {
        /// The name.
        address: String,
        /// A known name that is like it.
        meant: Option<String>,
    },
    /// A saved plan does not fit any more.
    #[error("the plan `{}` is stale", path.display())]
    Stale {
        /// The file.
        path: PathBuf,
        /// What changed since.
        reasons: Vec<String>,
    },
    /// A spec for `sync` would make or change something.
    #[error("`{0}` is not a service, and nobody approves what `sync` does")]
    NotAService(String),
    /// A spec for `sync` has nothing to serve.
    #[error("the spec has no service")]
    NoService,
    /// There is no spec.
    #[error("there is no spec `{0}`")]
    NoSpec(String),
    /// Nobody can be asked.
    #[error("there are changes to approve, and no terminal to ask on")]
    NobodyToAsk,
    /// The user asked to stop before the plan was made.
    #[error("stopped")]
    Stopped,
    /// `--when-safe`: no better moment came in time.
    #[error("this is no good moment to stop `{address}`: {why}")]
    BadMoment {
        /// What the plan stops.
        address: String,
        /// Why later is better.
        why: String,
    },
    /// The user was asked and did not say yes.
    #[error("not approved: nothing was changed")]
    Declined,
    /// What goes must be named, and was not.
    #[error("{what}, and that was not confirmed: nothing was changed")]
    Unconfirmed {
        /// What goes.
        what: String,
        /// What has to be given.
        name: String,
        /// The text itself.
        text: String,
    },
    /// A name that `--delete` gave is not in the state.
    #[error("the state has no `{address}`")]
    NotRecorded {
        /// The name.
        address: String,
        /// A recorded name that is like it.
        meant: Option<String>,
    },
    /// `explain` was asked for something that is not there.
    #[error("there is no kind and no code `{topic}`")]
    NoTopic {
        /// What was asked for.
        topic: String,
        /// A topic that is like it.
        meant: Option<String>,
    },
    /// `init` or `render` would overwrite a file.
    #[error("`{}` exists, and is not overwritten", .0.display())]
    Exists(PathBuf),
    /// `init` lacks an answer that has no default.
    #[error("an answer is missing: {0}")]
    MissingAnswer(&'static str),
    /// `init` got an answer that cannot be meant.
    #[error("{what}")]
    BadAnswer {
        /// What is wrong.
        what: String,
        /// What to write.
        help: String,
    },
    /// `render` was asked for something that is no file of a container.
    #[error("{}", nothing_to_render(address.as_deref(), *known))]
    NothingToRender {
        /// What was asked for; everything if nothing was.
        address: Option<String>,
        /// Whether the spec has it.
        known: bool,
    },
    /// The operating system refused a file.
    #[error("cannot {verb} `{}`", path.display())]
    File {
        /// What was tried.
        verb: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The operating system refused a thread, a signal handler or the like.
    #[error("cannot {0}")]
    System(&'static str, #[source] io::Error),
    /// Results could not be written.
    #[error("cannot write the result")]
    Output(#[source] io::Error),
    /// An answer could not be read.
    #[error("cannot read the answer")]
    Input(#[source] io::Error),
    /// A result has no JSON form.
    #[error("cannot write the result as JSON")]
    Encode(#[source] serde_json::Error),
}

impl From<AgentFailure> for Failure {
    fn from(failure: AgentFailure) -> Self {
        Self::Agent(Box::new(failure))
    }
}

impl From<KeyFailure> for Failure {
    fn from(failure: KeyFailure) -> Self {
        Self::Key(Box::new(failure))
    }
}

impl From<StateFailure> for Failure {
    fn from(failure: StateFailure) -> Self {
        Self::State(Box::new(failure))
    }
}

impl Failure {
    /// What became of an operation on a file, for `map_err`.
    pub(crate) fn of_file(verb: &'static str, path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File {
            verb,
            path: path.clone(),
            source,
        }
    }

    /// Stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Problems { .. } => codes::SPEC_PROBLEMS,
            Self::Store(error) => error.code(),
            Self::State(failure) => failure.code(),
            Self::Key(failure) => failure.code(),
            Self::Agent(failure) => failure.code(),
            Self::Import(failure) => failure.code(),
            Self::Look(error) => error.code(),
            Self::Location(_) => codes::STATE_LOCATION,
            Self::Settings(_) => codes::CLI_ENVIRONMENT,
            Self::Unsettled(_) => codes::APPLY_UNSETTLED,
            Self::StillOpen(_) => codes::STATE_OPEN_EFFECTS,
            Self::UnknownResource { .. } => codes::CLI_UNKNOWN_RESOURCE,
            Self::Stale { .. } => codes::PLAN_STALE,
            Self::NotAService(_) => codes::CLI_NOT_A_SERVICE,
            Self::NoService => codes::CLI_NO_SERVICE,
            Self::NoSpec(_) => codes::CLI_NO_SPEC,
            Self::NobodyToAsk => codes::CLI_NOBODY_TO_ASK,
            Self::Stopped => pospool_model::codes::APPLY_CANCELLED,
            Self::BadMoment { .. } => codes::APPLY_BAD_MOMENT,
            Self::Declined => codes::CLI_DECLINED,
            Self::Unconfirmed { .. } => codes::CLI_UNCONFIRMED,
            Self::NotRecorded { .. } => codes::CLI_NOT_RECORDED,
            Self::Serve(error) => error.code(),
            Self::NoTopic { .. } => codes::CLI_NO_TOPIC,
            Self::Exists(_) => codes::CLI_EXISTS,
            Self::NothingToRender { .. } => codes::CLI_NOTHING_TO_RENDER,
            Self::MissingAnswer(_) => codes::CLI_MISSING_ANSWER,
            Self::BadAnswer { .. } => codes::CLI_BAD_ANSWER,
            Self::File { .. } => codes::CLI_FILE,
            Self::System(..) => codes::CLI_SYSTEM,
            Self::Output(_) | Self::Input(_) | Self::Encode(_) => codes::CLI_STREAM,
        }
    }

    /// What to do about it, if that is known.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        let text = match self {
            Self::Store(StoreError::Locked { .. }) => {
                "wait until it has ended; the lock goes with its process".to_owned()
            }
            Self::Store(error) => return remote_help(error),
            Self::State(failure) => failure.help(),
            Self::Key(failure) => return failure.help(),
            Self::Agent(failure) => failure.code().remedy().to_owned(),
            Self::Import(failure) => failure.help(),
            Self::Look(_) => "nothing was changed; run it again when the cause is mended".to_owned(),
            Self::Unsettled(_) => {
                "run `pospool apply` again: it asks about the same attempts and never makes second ones"
                    .to_owned()
            }
            Self::Stale { .. } => "nothing was changed; make a new plan with `pospool plan --out`".to_owned(),
            Self::NoSpec(_) => "write one with `pospool init`, or name another with --spec".to_owned(),
            Self::NotAService(_) | Self::NoService => {
                "give `sync` a spec of its own with a chain, an account and a `bridge_service`, and apply the rest with `pospool apply`".to_owned()
            }
            Self::BadMoment { .. } => {
                "nothing was changed; run it again later, let it wait for longer with --wait, or leave --when-safe out".to_owned()
            }
            Self::Stopped => "run `pospool apply` again to go on".to_owned(),
            Self::NobodyToAsk => "read the plan, then run this again with --auto-approve".to_owned(),
            Self::Unconfirmed { name, text, .. } => {
                format!("read the plan; if all of it is meant, give {name}: --confirm {text}")
            }
            Self::StillOpen(_) => "run `pospool apply`: it finds out first".to_owned(),
            Self::UnknownResource { meant: None, .. } => "write it as kind.label".to_owned(),
            Self::UnknownResource { meant: Some(meant), .. } | Self::NotRecorded { meant: Some(meant), .. } | Self::NoTopic { meant: Some(meant), .. } => {
                format!("did you mean `{meant}`?")
            }
            Self::NotRecorded { .. } => "`pospool show` lists what is in the state".to_owned(),
            Self::NoTopic { .. } => "`pospool explain` lists the kinds, `pospool explain codes` the codes".to_owned(),
            Self::Exists(_) => "edit it, move it away, or name another place".to_owned(),
            Self::NothingToRender { .. } => {
                "`node` and `ui` have files; `pospool validate` checks the rest of a spec".to_owned()
            }
            Self::MissingAnswer(flag) => format!("give it with {flag}, or run `pospool init` on a terminal"),
            Self::BadAnswer { help, .. } => help.clone(),
            _ => return None,
        };
        Some(text)
    }

    /// The exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Store(error) => Exit::of_store(error),
            Self::State(failure) => failure.exit(),
            Self::Unconfirmed { .. } | Self::Import(ImportFailure::More(_)) => Exit::Protected,
            Self::Stale { .. } => Exit::Stale,
            Self::Stopped | Self::Declined => Exit::Cancelled,
            Self::Unsettled(open) => of_unsettled(open),
            Self::BadMoment { .. } => Exit::Converging,
            Self::Problems { problems, .. } => Exit::of_problems(problems).unwrap_or(Exit::Error),
            _ => Exit::Error,
        }
    }
}

fn nothing_to_render(address: Option<&str>, known: bool) -> String {
    match address {
        None => "nothing in the spec puts a file into a container".to_owned(),
        Some(address) if known => format!("`{address}` puts no file into a container"),
        Some(address) => format!("the spec has no `{address}`"),
    }
}

/// What to do about a state with a keeper or with a seal.
fn remote_help(error: &StoreError) -> Option<String> {
    Some(match error {
        error if error.is_of_seal() => error.code().remedy().to_owned(),
        StoreError::Leased {
            ends_in: Some(seconds),
            ..
        } => format!(
            "wait until it has ended; should it have been killed, its lock ends in {seconds} s and the next run goes on by itself"
        ),
        StoreError::Leased { id, .. } => format!(
            "wait until it has ended; if you know that it was killed, run `pospool state unlock {}`",
            clean_line(id)
        ),
        StoreError::LockLost { .. } => {
            "run `pospool apply` again when the other one has ended: what is under way is in the journal, and is settled first"
                .to_owned()
        }
        StoreError::Moved { to, .. } => {
            format!("write it into the spec, `state {{ url = \"{}\" }}`, or name it with --state", clean_line(to))
        }
        StoreError::OtherFile { .. } => "nothing was written; name another file, or move away what is there".to_owned(),
        StoreError::Keeper { .. } => {
            "see that it can be reached, and that the credentials in the environment may read and write it".to_owned()
        }
        _ => return None,
    })
}

fn of_unsettled(open: &[(EffectId, ProviderError)]) -> Exit {
    if open
        .iter()
        .any(|(_, error)| matches!(error, ProviderError::Cancelled))
    {
        return Exit::Cancelled;
    }
    let waits = |error: &ProviderError| matches!(error, ProviderError::Converging { .. });
    if open.iter().all(|(_, error)| waits(error)) {
        Exit::Converging
    } else {
        Exit::Error
    }
}
