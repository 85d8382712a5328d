//! The process around the commands.
//!
//! - Reads: arguments, environment, and whether streams are terminals.
//! - Does: enters the spec's folder, starts a runtime where one is needed, calls the command.
//! - Never: does what a command does.

use std::io::{self, IsTerminal};

use clap::Parser;
use clap::error::ErrorKind;
use tokio::runtime::{Builder, Runtime};

use crate::args::{Args, Command};
use crate::commands::{self, Session};
use crate::console::{BrokenPipeWriter, Console};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::logging;
use crate::memory;
use crate::project::{Project, UserEnvironment};
use crate::view::{self, Paint};
use crate::wiring;

/// Runs the program with the arguments of the process.
#[must_use]
pub fn run_program() -> Exit {
    match Args::try_parse() {
        Ok(args) => start(&args),
        Err(error) => {
            // Nobody is left to hear that this could not be printed.
            let _ = error.print();
            match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done,
                _ => Exit::Error,
            }
        }
    }
}

fn start(args: &Args) -> Exit {
    memory::hide_memory();
    let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
    let colors =
        !args.common.no_color && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let paint = |terminal: bool| Paint {
        colors: colors && terminal && !dumb,
    };
    let asks = stdin.is_terminal() && stderr.is_terminal();
    let stderr_draws = stderr.is_terminal();
    let (out_paint, err_paint) = (paint(stdout.is_terminal()), paint(stderr_draws));
    let mut console = Console {
        out: &mut BrokenPipeWriter::new(stdout),
        err: &mut BrokenPipeWriter::new(stderr),
        input: &mut stdin.lock(),
        asks,
        json: args.common.json,
        out_paint,
        err_paint,
        redraws: stderr_draws && !dumb,
    };
    let logged = logging::start_log(&args.common.log, &args.command);
    match logged.and_then(|()| dispatch(args, &mut console)) {
        Ok(exit) => exit,
        Err(failure) => report_failure(&failure, &mut console),
    }
}

/// Says why a command stopped, and returns the exit code of that.
pub fn report_failure(failure: &Failure, console: &mut Console<'_>) -> Exit {
    if console.json {
        // If this cannot be written either, the exit code is all that is left.
        let _ = console.say_json(&view::failure::failure_to_json(failure));
    } else {
        let text = view::failure::format_failure(failure, console.err_paint);
        console.tell(&text);
    }
    failure.exit()
}

fn dispatch(args: &Args, console: &mut Console<'_>) -> Result<Exit, Failure> {
    let project = Project::new(&args.common, UserEnvironment::of_process()?);
    let (wait, poll) = match &args.command {
        Command::Apply(args) => (args.run.wait, wiring::POLL),
        Command::Destroy(args) => (args.run.wait, wiring::POLL),
        Command::Start(args) => (args.wait, wiring::POLL),
        Command::Sync(args) => (commands::sync::WAIT, args.every.min(commands::sync::POLL)),
        _ => (wiring::NO_WAIT, wiring::POLL),
    };
    let registry = wiring::registry_at(wait, poll);
    let interrupt = Interrupt::default();
    let mut session = Session {
        project: &project,
        registry: &registry,
        console,
        interrupt: &interrupt,
    };
    if commands::reads_spec(&args.command) {
        enter(&project)?;
    }
    let outside = commands::looks_outside(&args.command);
    runtime(outside || commands::is_server(&args.command))?.block_on(async {
        if outside {
            interrupt.listen()?;
        }
        commands::run_command(&mut session, &args.command).await
    })
}

/// Makes the spec's folder the current one, so that relative paths in the spec start there.
fn enter(project: &Project) -> Result<(), Failure> {
    let folder = project.folder();
    std::env::set_current_dir(folder).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => Failure::NoSpec(project.spec_name.clone()),
        _ => Failure::File {
            verb: "enter",
            path: folder.to_owned(),
            source,
        },
    })
}

/// A command that looks outside, or serves, runs on this thread, which a question may block, and
/// another thread hears signals. The others are over before a thread would have started.
fn runtime(outside: bool) -> Result<Runtime, Failure> {
    let built = if outside {
        Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
    } else {
        Builder::new_current_thread().build()
    };
    built.map_err(|source| Failure::System("start the runtime", source))
}
