//! The command line as types.
//!
//! - Reads: the arguments.
//! - Returns: what the user asks for.
//! - Never: opens a file or looks at the environment.

mod agent;
mod import;
mod init;
mod key;
mod log;
mod status;
mod variables;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use pospool_model::{Address, SecretError, SecretRef};

pub use agent::{AgentArgs, AgentCommand, InstallArgs, SealArgs};
pub use import::TakeUpArgs;
pub use init::InitArgs;
pub use key::{
    BackupArgs, DrillArgs, IdentityArgs, ImportArgs, InspectArgs, KeyArgs, KeyCommand, OpenerArgs,
    RestoreArgs,
};
pub use log::{LogArgs, LogFormat, LogLevel};
pub use status::{DoctorArgs, StatusArgs};
pub use variables::Variables;

/// Deploys and runs a Conflux PoS pool from one file.
#[derive(Debug, Parser)]
#[command(
    name = "pospool",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What every command takes.
    #[command(flatten)]
    pub common: Common,
}

/// Options of every command.
#[derive(Clone, Debug, clap::Args)]
pub struct Common {
    /// The spec; relative paths inside it start at its folder
    #[arg(long, global = true, value_name = "FILE", default_value = "pool.hcl")]
    pub spec: PathBuf,
    /// The state: a file, s3://…, gs://…, az:// or https://… [default: `POSPOOL_STATE`, the spec's
    /// `state` block, or pospool.state.json beside the spec]
    #[arg(long, global = true, value_name = "LOCATION")]
    pub state: Option<String>,
    /// The key that the state is sealed with, before the one of the spec: `env:NAME`, `file:PATH` or `credential:NAME`
    #[arg(long, global = true, value_name = "SECRET", value_parser = secret)]
    pub state_key: Option<SecretRef>,
    /// Write JSON for programs instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Write no colours (as with the environment variable `NO_COLOR`)
    #[arg(long, global = true)]
    pub no_color: bool,
    /// The log.
    #[command(flatten)]
    pub log: LogArgs,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a first spec from a few answers
    Init(Box<InitArgs>),
    /// Check the spec without looking at anything outside
    Validate(ValidateArgs),
    /// Show the files that a spec puts into containers: no keys, chain, state or Docker is needed
    Render(RenderArgs),
    /// Show what `apply` would do, why, and what it costs
    Plan(PlanArgs),
    /// Apply the changes that bring the infrastructure to the state described by the spec
    Apply(ApplyArgs),
    /// Take down what can be taken down, and say what stays
    Destroy(DestroyArgs),
    /// Take up what is there and the state does not know: nothing is sent, started or stopped
    Import(TakeUpArgs),
    /// Start one node, page or syncer that was made, with nothing but its own secret
    Start(StartArgs),
    /// Run the cross-space bridge service: execute pending bridge operations in a loop
    Sync(SyncArgs),
    /// Say how the pool is: is it safe, does it earn, may it be restarted now
    Status(StatusArgs),
    /// Name what is wrong with the pool, by what that is told, and what to do about it
    Doctor(DoctorArgs),
    /// Show the state, or a saved plan
    Show(ShowArgs),
    /// Inspect, move or repair the state
    State(StateArgs),
    /// Keep PoS keys in locked bundles, prove these, and bring keys back
    Key(Box<KeyArgs>),
    /// Seal secrets to this machine, and open them at each boot
    Agent(Box<AgentArgs>),
    /// Explain a kind of resource, the functions of specs, or the code of a message
    Explain(ExplainArgs),
    /// Serve the pool's web page: what a `ui` runs in its container
    Serve(ServeArgs),
    /// Run a node under guard: what a `node` runs in its container
    Guard(GuardArgs),
    /// Show the version
    Version,
}

/// Arguments of `serve`.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// The folder with the page's files
    #[arg(value_name = "FOLDER", required_unless_present = "probe")]
    pub folder: Option<PathBuf>,
    /// Address and port to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Origin that the page may connect to, such as the one of its RPC; may be repeated
    #[arg(long, value_name = "ORIGIN")]
    pub connect: Vec<String>,
    /// Only ask the server at this address whether it is well
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["folder", "listen", "connect"])]
    pub probe: Option<SocketAddr>,
}

/// Arguments of `guard`.
#[derive(Debug, clap::Args)]
pub struct GuardArgs {
    /// The guard's settings, which the image has
    #[arg(long, value_name = "FILE", default_value = pospool_model::guard::SETTINGS_PATH)]
    pub settings: PathBuf,
    /// Only print what the guard of this container says of its node, and end with 1 if it is not healthy
    #[arg(long, conflicts_with = "settings")]
    pub report: bool,
    /// Only say to the guard of this container that a person has looked: it starts its node again
    #[arg(long, conflicts_with_all = ["settings", "report"])]
    pub clear: bool,
}

/// Arguments of `validate`.
#[derive(Debug, clap::Args)]
pub struct ValidateArgs {
    /// Values of variables.
    #[command(flatten)]
    pub variables: Variables,
}

/// Arguments of `render`.
#[derive(Debug, clap::Args)]
pub struct RenderArgs {
    /// The resource whose files to show, such as `node.main` [default: all that have some]
    #[arg(value_name = "ADDRESS")]
    pub address: Option<Address>,
    /// Write the files into this folder, each into one with its resource's name, instead of printing them
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Values of variables.
    #[command(flatten)]
    pub variables: Variables,
}

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
pub struct PlanArgs {
    /// Save the plan, for `pospool apply FILE`
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print it as a comment in Markdown, for a pull request: errors, what cannot be undone and money come first
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
    /// End with 2 when there are changes, and with 3 when all of them only mend what moved outside, or when something is
    /// wrong or cannot be seen
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// A part of the spec.
    #[command(flatten)]
    pub scope: ScopeArgs,
    /// Values of variables.
    #[command(flatten)]
    pub variables: Variables,
}

/// Arguments of `apply`.
#[derive(Debug, clap::Args)]
pub struct ApplyArgs {
    /// A plan saved by `pospool plan --out`: exactly that is done, or nothing if it is stale
    #[arg(value_name = "FILE", conflicts_with_all = ["target", "exclude"])]
    pub plan: Option<PathBuf>,
    /// A part of the spec.
    #[command(flatten)]
    pub scope: ScopeArgs,
    /// Wait for a moment at which stopping a voter of the plan costs the least, for as long as `--wait` says
    #[arg(long, conflicts_with = "plan")]
    pub when_safe: bool,
    /// Write calls that wait for somebody who signs elsewhere into this folder: `calls.json` for programs, `calls.txt` for people
    #[arg(long, value_name = "DIR")]
    pub unsigned: Option<PathBuf>,
    /// What is meant although it looks like a slip.
    #[command(flatten)]
    pub meant: MeantArgs,
    /// How the run goes.
    #[command(flatten)]
    pub run: RunArgs,
    /// Values of variables.
    #[command(flatten)]
    pub variables: Variables,
}

/// What is meant although it looks like a slip.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct MeantArgs {
    /// Make a new pool, although one of this spec seems to be there and the state knows of nothing (`state/lost`)
    #[arg(long)]
    pub new_pool: bool,
    /// Go on although somebody signed with an account of the spec: it was done by hand, and no newer copy of this
    /// state exists (`state/other-hand`)
    #[arg(long)]
    pub signed_by_hand: bool,
}

/// Arguments of `destroy`.
#[derive(Debug, clap::Args)]
pub struct DestroyArgs {
    /// Really delete this resource although it holds something precious; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub delete: Vec<Address>,
    /// A part of the state.
    #[command(flatten)]
    pub scope: ScopeArgs,
    /// How the run goes.
    #[command(flatten)]
    pub run: RunArgs,
    /// Values of variables.
    #[command(flatten)]
    pub variables: Variables,
}

/// Arguments of `sync`.
#[derive(Debug, clap::Args)]
pub struct SyncArgs {
    /// Time between two rounds, such as 30s or 5m
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub every: Duration,
    /// End after one round
    #[arg(long)]
    pub once: bool,
    /// File that each round writes its report into
    #[arg(long, value_name = "FILE", default_value = "pospool.sync.json")]
    pub status: PathBuf,
    /// Say whether the syncer that writes that file is alive and well, and end with 0 or 1
    #[arg(long)]
    pub health: bool,
    /// Values of variables.
    #[command(flatten)]
    pub variables: Variables,
}

/// Arguments of `start`.
#[derive(Debug, clap::Args)]
pub struct StartArgs {
    /// The node, page or syncer, such as `node.main`
    #[arg(value_name = "ADDRESS")]
    pub address: Address,
    /// How long to wait for what takes its time outside, such as 90s, 15m or 2h
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = duration)]
    pub wait: Duration,
    /// Values of variables.
    #[command(flatten)]
    pub variables: Variables,
}

/// A part of the spec and the state.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ScopeArgs {
    /// Only this resource and what it needs: what it uses, or for a destroy what uses it; may be repeated
    #[arg(long, value_name = "ADDRESS", conflicts_with = "exclude")]
    pub target: Vec<Address>,
    /// Not this resource, nor what needs it: what uses it, or for a destroy what it uses; may be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub exclude: Vec<Address>,
}

/// How a run that changes something goes.
#[derive(Clone, Debug, clap::Args)]
pub struct RunArgs {
    /// Do not ask before anything is changed
    #[arg(long)]
    pub auto_approve: bool,
    /// Say that a registered pool, its key, or everything really goes: the address that the refusal names, also
    /// needed with --auto-approve
    #[arg(long, value_name = "ADDRESS")]
    pub confirm: Option<String>,
    /// How long to wait for what takes its time outside, such as 90s, 15m or 2h
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = duration)]
    pub wait: Duration,
}

/// Arguments of `show`.
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// A plan saved by `pospool plan --out`
    #[arg(value_name = "FILE")]
    pub plan: Option<PathBuf>,
}

/// Arguments of `state`.
#[derive(Debug, clap::Args)]
pub struct StateArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: StateCommand,
}

/// What can be done with a state.
#[derive(Debug, Subcommand)]
pub enum StateCommand {
    /// Print the state as a state file, with everything that the journal says
    Pull,
    /// Put a state file in the place of the state
    Push(PushArgs),
    /// List what is in the state
    List,
    /// Show one resource of the state
    Show {
        /// The resource.
        #[arg(value_name = "ADDRESS")]
        address: Address,
    },
    /// Give a resource another name: what it is outside stays as it is
    Mv {
        /// Its name.
        #[arg(value_name = "FROM")]
        from: Address,
        /// Its new name, of the same kind.
        #[arg(value_name = "TO")]
        to: Address,
    },
    /// Forget a resource: what it is outside stays, and nothing knows of it any more
    Rm {
        /// The resource.
        #[arg(value_name = "ADDRESS")]
        address: Address,
    },
    /// List the last states that were replaced, or bring one back
    Restore {
        /// The number of the state in the list; without one they are listed
        #[arg(value_name = "NUMBER")]
        number: Option<u64>,
    },
    /// Mend what a crash left behind, as far as that needs no guess, and say what needs a person
    Repair {
        /// Change nothing
        #[arg(long)]
        dry_run: bool,
    },
    /// Show what is under way, or close a ticket that nobody knows
    Settle {
        /// The ticket to close, as messages show it: nothing is done for it any more
        #[arg(long, value_name = "ID")]
        drop: Option<String>,
    },
    /// Move the state to another place, and leave a note in the old one
    Migrate {
        /// A file, s3://…, gs://…, az://… or https://…
        #[arg(long, value_name = "LOCATION")]
        to: String,
    },
    /// Seal the state, its journal and its replaced states with the key of the spec, for the first time
    Seal {
        /// Also if a sealed state was seen here (`state/seal-lost`): its seal was taken away by hand, in another folder
        #[arg(long)]
        unsealed_by_hand: bool,
    },
    /// Take the seal away: the key is named once more, and no longer in the spec
    Unseal,
    /// Seal them with the key of the spec in place of another one
    Rekey {
        /// The key that they are sealed with: `env:NAME`, `file:PATH` or `credential:NAME`
        #[arg(long, value_name = "SECRET", value_parser = secret)]
        old: SecretRef,
    },
    /// Show who holds the lock of a remote state, or take it away
    Unlock {
        /// Name of the lock, as messages show it
        #[arg(value_name = "ID")]
        id: Option<String>,
        /// Take it away although its holder still gives signs of life
        #[arg(long)]
        force: bool,
    },
}

/// Arguments of `state push`.
#[derive(Debug, clap::Args)]
pub struct PushArgs {
    /// The state file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Also if it is another state, or an older one, than that which is there
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// A kind such as `node`, `functions`, `codes`, `exits`, `states`, a code such as `spec/syntax`, or a state of the
    /// doctor such as `N1`
    #[arg(value_name = "TOPIC")]
    pub topic: Option<String>,
}

/// Reads the name of a secret.
fn secret(text: &str) -> Result<SecretRef, SecretError> {
    SecretRef::try_from(text.to_owned())
}

/// Reads `90s`, `15m` or `2h`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "write it as a whole number with a unit: 90s, 15m or 2h".to_owned();
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        _ => return Err(wrong()),
    };
    let count = &text[..text.len() - 1];
    if !count.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let count: u64 = count.parse().map_err(|_| wrong())?;
    count
        .checked_mul(seconds)
        .map(Duration::from_secs)
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn times_carry_their_unit() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("15m"), Ok(Duration::from_mins(15)));
        assert_eq!(duration("2h"), Ok(Duration::from_hours(2)));
        for wrong in [
            "",
            "5",
            "m",
            "1.5h",
            "-1s",
            "+1s",
            "5d",
            "5µ",
            "99999999999999999999h",
        ] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
