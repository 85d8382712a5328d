//! A program with all that it starts: a group of processes of its own.
//!
//! - Reads: a command.
//! - Returns: its process, and the group that ends with one call.
//! - Never: signals a group whose first process is buried: its number may be another's by then.
//!
//! A group of its own hears no Ctrl-C of the terminal, so all groups that run are known here, for the moment in which
//! this process leaves at once.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// Processes are the system's, and so is what is left of them when this one leaves.
static RUNNING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// The processes of one program.
#[derive(Debug)]
pub(crate) struct ToolGroup(Pid);

/// Starts a program in a group of its own.
pub(crate) fn start_group(command: &mut Command) -> io::Result<(Child, ToolGroup)> {
    // Held meanwhile, so that none is started beside one who ends them all.
    let mut running = running();
    let child = command.process_group(0).spawn()?;
    let leader = Pid::from_child(&child);
    running.push(leader);
    Ok((child, ToolGroup(leader)))
}

impl ToolGroup {
    /// Whether the program itself has ended. It is not buried by this.
    pub(crate) fn leader_ended(&self) -> io::Result<bool> {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        match waitid(WaitId::Pid(self.0), look) {
            Ok(ended) => Ok(ended.is_some()),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends whatever still runs of it, and says how the program itself ended.
    pub(crate) fn end(self, child: &mut Child) -> io::Result<ExitStatus> {
        let mut running = running();
        // There may be nothing left to end.
        let _ = kill_process_group(self.0, Signal::KILL);
        running.retain(|group| *group != self.0);
        drop(running);
        child.wait()
    }
}

/// Ends all programs that run, and starts no more: for a process that leaves at once.
pub fn end_all_tools() {
    let running = running();
    for group in running.iter() {
        let _ = kill_process_group(*group, Signal::KILL);
    }
    // Whoever starts one from now on waits for the end of this process.
    std::mem::forget(running);
}

fn running() -> MutexGuard<'static, Vec<Pid>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}
