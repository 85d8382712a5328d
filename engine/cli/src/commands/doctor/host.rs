//! A look at this machine, before anything is on it.
//!
//! - Reads: the kernel's word on processors and memory, the disk of a folder, ports, the Docker Engine.
//! - Does: writes one file of bounded size into the folder, for a bounded time, and removes it.
//! - Returns: figures, each of which may be unknown with its reason.
//! - Never: leaves anything behind, or ends because something could not be seen.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pospool_engine::store::random_name;
use pospool_model::diagnostic::format_with_causes;
use pospool_model::status::{Figure, MachineStatus};
use rustix::process::{Resource, getrlimit};
use tokio::process::Command;

use crate::commands::clock::unix_time;
use crate::wiring;

/// The port by which nodes reach each other.
const P2P: u16 = 32_323;
/// Most bytes of the file that is written, in pieces of this size, and the longest time for it.
const MOST: usize = 256 << 20;
const PIECE: usize = 4 << 20;
const LONGEST: Duration = Duration::from_secs(5);
/// So much must stay free of a disk that is written on.
const SPARE: u64 = 1 << 30;
/// Longest time for a program that says how the clock is kept.
const CLOCK: Duration = Duration::from_secs(5);

/// Looks at the machine; the data of a node will lie in `folder`.
pub(super) async fn look_at_machine(folder: &Path) -> MachineStatus {
    let cores = std::thread::available_parallelism();
    let disk = rustix::fs::statvfs(folder);
    let free = disk.map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    let speed = match &free {
        Ok(free) if *free > SPARE => measure_writing(folder, MOST, LONGEST),
        Ok(_) => Err(io::Error::other("too little is free to try it")),
        Err(error) => Err((*error).into()),
    };
    let limit = getrlimit(Resource::Nofile).current;
    MachineStatus {
        made_at: unix_time(),
        folder: folder.display().to_string(),
        cores: figure("kernel", cores.map(|cores| cores.get() as u64)),
        memory_bytes: figure("kernel", read_memory()),
        disk_free_bytes: figure("kernel", free.map_err(io::Error::from)),
        disk_write_bytes_per_second: figure("a file written there", speed),
        clock_synchronised: look_at_clock().await,
        taken_ports: figure("the port itself", find_taken(P2P)),
        engine: match wiring::describe_engine().await {
            Ok(engine) => Figure::seen("docker", engine),
            Err(why) => Figure::not_seen("docker", why),
        },
        // None is no limit.
        open_files_limit: Figure::seen("kernel", limit.unwrap_or(u64::MAX)),
    }
}

fn figure<T>(source: &str, seen: io::Result<T>) -> Figure<T> {
    match seen {
        Ok(value) => Figure::seen(source, value),
        Err(error) => Figure::not_seen(source, format_with_causes(&error)),
    }
}

/// All memory of the machine, by the kernel's own table.
fn read_memory() -> io::Result<u64> {
    let text = std::fs::read_to_string("/proc/meminfo")?;
    memory_of(&text).ok_or_else(|| io::Error::other("/proc/meminfo does not say it"))
}

/// `MemTotal:  16384 kB` in bytes.
fn memory_of(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let number: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    number.checked_mul(1024)
}

/// A file that goes when nobody holds it any more.
struct Probe(PathBuf);

impl Drop for Probe {
    fn drop(&mut self) {
        // There is nobody to tell.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// How many bytes a second reach the disk of a folder.
fn measure_writing(folder: &Path, most: usize, longest: Duration) -> io::Result<u64> {
    let path = folder.join(format!(".pospool-probe-{}", random_name()));
    let mut file: File = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)?;
    let _probe = Probe(path);
    // No disk makes this smaller, as some do with zeros.
    let mut piece = vec![0_u8; PIECE.min(most.max(1))];
    let mut noise = 0x9e37_79b9_7f4a_7c15_u64;
    for byte in &mut piece {
        noise = noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        *byte = (noise >> 56) as u8;
    }
    let begun = Instant::now();
    let mut written = 0;
    while written < most && begun.elapsed() < longest {
        file.write_all(&piece)?;
        // Each piece is on the disk before the next one: the cache of the machine is not what is measured.
        file.sync_data()?;
        written += piece.len();
    }
    let micros = begun.elapsed().as_micros().max(1);
    let speed = written as u128 * 1_000_000 / micros;
    Ok(u64::try_from(speed).unwrap_or(u64::MAX))
}

/// Those of a node's ports that somebody has.
fn find_taken(port: u16) -> io::Result<Vec<String>> {
    let mut taken = Vec::new();
    let tcp = TcpListener::bind(("0.0.0.0", port)).map(drop);
    let udp = UdpSocket::bind(("0.0.0.0", port)).map(drop);
    for (bound, protocol) in [(tcp, "tcp"), (udp, "udp")] {
        match bound {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                taken.push(format!("{port}/{protocol}"));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(taken)
}

/// Whether a time source keeps the clock, by the first program that knows.
async fn look_at_clock() -> Figure<bool> {
    let systemd = ask_program(
        "timedatectl",
        &["show", "--property=NTPSynchronized", "--value"],
    );
    if let Some(kept) = systemd.await.as_deref().and_then(kept_by_systemd) {
        return Figure::seen("timedatectl", kept);
    }
    let chrony = ask_program("chronyc", &["-n", "tracking"]).await;
    if let Some(kept) = chrony.as_deref().and_then(kept_by_chrony) {
        return Figure::seen("chronyc", kept);
    }
    Figure::not_seen("timedatectl, chronyc", "neither of them says it here")
}

fn kept_by_systemd(said: &str) -> Option<bool> {
    match said.trim() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

/// `Leap status     : Normal`
fn kept_by_chrony(said: &str) -> Option<bool> {
    let line = said.lines().find(|line| line.starts_with("Leap status"))?;
    let (_, status) = line.split_once(':')?;
    Some(status.trim() != "Not synchronised")
}

async fn ask_program(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).kill_on_drop(true);
    let output = tokio::time::timeout(CLOCK, command.output()).await;
    let output = output.ok()?.ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_leaves_nothing_behind_and_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let speed = measure_writing(folder.path(), 8 << 20, Duration::from_mins(1)).unwrap();
        assert!(speed > 0);
        // Without any time nothing is written, and nothing is left either.
        let none = measure_writing(folder.path(), MOST, Duration::ZERO).unwrap();
        assert_eq!(none, 0);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let nowhere = folder.path().join("nowhere");
        assert!(measure_writing(&nowhere, 1, LONGEST).is_err());
    }

    #[test]
    fn a_port_that_somebody_has_is_named() {
        let tcp = TcpListener::bind("0.0.0.0:0").unwrap();
        let port = tcp.local_addr().unwrap().port();
        let taken = find_taken(port).unwrap();
        assert_eq!(taken, [format!("{port}/tcp")]);
        drop(tcp);
    }

    #[test]
    fn words_of_programs_are_read_and_others_are_no_answer() {
        assert_eq!(
            memory_of("A: 1\nMemTotal:       16384 kB\n"),
            Some(16_777_216)
        );
        assert_eq!(memory_of("MemTotal: much"), None);
        assert_eq!(kept_by_systemd("yes\n"), Some(true));
        assert_eq!(kept_by_systemd("no\n"), Some(false));
        assert_eq!(kept_by_systemd(""), None);
        let chrony =
            |word: &str| kept_by_chrony(&format!("Stratum : 3\nLeap status     : {word}\n"));
        assert_eq!(chrony("Normal"), Some(true));
        assert_eq!(chrony("Not synchronised"), Some(false));
        assert_eq!(kept_by_chrony("506 Cannot talk to daemon"), None);
    }

    #[tokio::test]
    async fn a_folder_that_is_not_there_makes_its_figures_unknown() {
        let machine = look_at_machine(Path::new("/nowhere/at/all")).await;
        assert!(machine.disk_free_bytes.unknown().is_some());
        assert!(machine.disk_write_bytes_per_second.unknown().is_some());
        assert!(machine.cores.known().is_some());
    }
}
