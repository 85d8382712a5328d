//! The life of a guard: from its start to the end of its container.
//!
//! - Reads: what it was handed, signals, how conflux ends.
//! - Returns: the exit code of the container.
//! - Never: runs conflux beside another guard, or goes on after a word of its own could not be written down.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::Duration;

use pospool_model::Secret;
use pospool_model::guard::GuardSettings;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{error, info, warn};

use crate::child::Conflux;
use crate::error::GuardError;
use crate::guard::Guard;
use crate::order::Order;
use crate::restarts::{NextStart, Restarts};
use crate::settings::started_file;

/// The node's own clean shutdown takes up to 1,200 s; Docker waits a little longer for this process.
const STOP: Duration = Duration::from_secs(1250);
/// Time that a node has to close its databases where its voting does not have to end at once.
const RESTART: Duration = Duration::from_mins(5);
/// As many open files as the releases ask for, and what a node needs at least.
const FILES: u64 = 65_535;
const FEWEST_FILES: u64 = 10_000;
/// Between two looks for a person's word, while conflux does not run.
const POLL: Duration = Duration::from_millis(500);

/// What is handed over at the start, on standard input.
#[derive(Debug)]
pub struct Handed {
    /// Password of the PoS key.
    pub password: Secret,
    /// Other sources of the chain.
    pub endpoints: Vec<String>,
}

impl Handed {
    /// The first line is the password, each other one an endpoint.
    pub fn parse(lines: &str) -> Result<Self, GuardError> {
        let mut lines = lines.lines();
        let password = lines.next().unwrap_or_default();
        if password.is_empty() {
            return Err(GuardError::NoPassword);
        }
        Ok(Self {
            password: Secret::new(password.to_owned()),
            endpoints: lines
                .filter(|line| !line.is_empty())
                .map(str::to_owned)
                .collect(),
        })
    }
}

/// That the container is to end.
#[derive(Clone, Debug)]
pub struct StopRequest(watch::Receiver<bool>);

impl StopRequest {
    /// Waits for it.
    pub async fn wait(&mut self) {
        // The one who would say so lives as long as the process.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

/// Listens for the end of the container, from now on: process 1 gets no signal that it does not listen for.
pub fn listen_for_stop() -> Result<StopRequest, GuardError> {
    let (say_stop, stop) = watch::channel(false);
    let listen = |kind| signal(kind).map_err(|error| GuardError::Signals(error.to_string()));
    let (mut terminate, mut interrupt) = (
        listen(SignalKind::terminate())?,
        listen(SignalKind::interrupt())?,
    );
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        // Nobody listens any more when the guard is at its end.
        let _ = say_stop.send(true);
        // As long as the process lives, the request stands.
        std::future::pending::<()>().await;
    });
    Ok(StopRequest(stop))
}

/// Runs a node under a guard until the container is to end; returns its exit code.
pub async fn run_guard(
    settings: &GuardSettings,
    handed: Handed,
    stop: StopRequest,
) -> Result<i32, GuardError> {
    raise_limits()?;
    let guard = Guard::begin(settings, &handed.endpoints)?;
    std::fs::write(started_file(settings), "")
        .map_err(|error| GuardError::Volume(error.to_string()))?;
    let mut life = Life {
        settings,
        password: &handed.password,
        guard,
        restarts: Restarts::default(),
        stop,
    };
    Ok(life.live().await)
}

/// A node needs many files. That no image of the memory is written, which holds the password, is the program's own matter
/// at its start, and conflux inherits it.
fn raise_limits() -> Result<(), GuardError> {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(FILES).min(FILES);
    if most < FEWEST_FILES {
        return Err(GuardError::Files(most));
    }
    let files = Rlimit {
        current: Some(most),
        ..limit
    };
    setrlimit(Resource::Nofile, files).map_err(|_| GuardError::Files(most))
}

/// What ends one process of conflux.
enum End {
    /// The container is to end.
    Stop,
    /// It ended by itself.
    Exited(ExitStatus),
    /// The guard wants it.
    Ordered(Order),
}

struct Life<'a> {
    settings: &'a GuardSettings,
    password: &'a Secret,
    guard: Guard<'a>,
    restarts: Restarts,
    stop: StopRequest,
}

impl Life<'_> {
    async fn live(&mut self) -> i32 {
        loop {
            let mut conflux = match Conflux::start(self.settings, self.password) {
                Ok(conflux) => conflux,
                Err(failed) => {
                    error!(%failed, "conflux cannot be started");
                    return 71;
                }
            };
            self.guard.started();
            let end = self.watch_over(&mut conflux).await;
            let next = match end {
                End::Stop => {
                    info!("the container is stopped: conflux closes its databases");
                    let ended = conflux.stop(STOP).await;
                    self.guard.ended("the container was stopped");
                    return ended.map_or(70, code_of);
                }
                End::Exited(status) => {
                    self.guard.ended(&format!("conflux ended: {status}"));
                    // Whoever made this container waits for it, and reads the node's last words.
                    if !self.guard.has_answered() {
                        return code_of(status);
                    }
                    self.restarts.ended(conflux.started, Instant::now())
                }
                End::Ordered(order) => {
                    warn!(order = %order, "conflux is ended");
                    let ended = if order.at_once() {
                        conflux.kill().await
                    } else {
                        conflux.stop(RESTART).await
                    };
                    if let Err(failed) = ended {
                        error!(%failed, "conflux cannot be ended");
                        // With this process everything in the container ends.
                        return 72;
                    }
                    self.guard.ended(&order.to_string());
                    self.restarts
                        .ordered(&order, conflux.started, Instant::now())
                }
            };
            let goes_on = match next {
                NextStart::After(pause) => self.pause(pause).await,
                NextStart::GivenUp => self.wait_for_a_person().await,
            };
            if !goes_on {
                return 0;
            }
        }
    }

    /// Looks after a running conflux, until something ends it.
    async fn watch_over(&mut self, conflux: &mut Conflux) -> End {
        loop {
            let pause = self.guard.pause();
            tokio::select! {
                biased;
                () = self.stop.wait() => return End::Stop,
                ended = conflux.ended() => return match ended {
                    Ok(status) => End::Exited(status),
                    Err(failed) => End::Ordered(Order::Kill(failed.to_string())),
                },
                order = async { sleep(pause).await; self.guard.tick().await } => {
                    if let Some(order) = order {
                        return End::Ordered(order);
                    }
                }
            }
        }
    }

    /// Waits; returns whether the container goes on.
    async fn pause(&mut self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        tokio::select! {
            biased;
            () = self.stop.wait() => false,
            () = sleep_until(until) => true,
        }
    }

    /// It is given up to start conflux: the container stays, so that a person finds it and what it says.
    async fn wait_for_a_person(&mut self) -> bool {
        error!(
            "conflux is not started again before `pospool start` or `pospool guard --clear` says so"
        );
        self.guard.given_up();
        loop {
            if !self.pause(POLL).await {
                return false;
            }
            if self.guard.take_clearance() || self.guard.take_start() {
                self.restarts.clear();
                return true;
            }
        }
    }
}

/// As a shell says it: 128 and the number of the signal, for one that was ended by one.
fn code_of(status: ExitStatus) -> i32 {
    let signal = status.signal().map(|signal| 128 + signal);
    status.code().or(signal).unwrap_or(70)
}
