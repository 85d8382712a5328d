//! `pospool init`: writes a first spec from a few answers.
//!
//! - Reads: flags, and answers on a terminal for what they leave out.
//! - Does: writes one new file.
//! - Never: overwrites a file, or asks for a secret.

mod answers;
mod trial;

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use pospool_lang::spec::SourceFile;
use serde_json::json;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::view;
use crate::view::template::PoolNetwork;

use super::Session;

/// Arguments of `init`. What is missing is asked for on a terminal.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct InitArgs {
    /// Network to join [default: testnet]
    #[arg(long, value_enum)]
    pub network: Option<PoolNetwork>,
    /// Name that the pool shows to its users [default: PoS pool]
    #[arg(long)]
    pub name: Option<String>,
    /// Part of the rewards that goes to the users [default: 90%]
    #[arg(long, value_name = "PERCENT")]
    pub share_ratio: Option<String>,
    /// Image of conflux-rust, best with its digest: NAME:TAG@sha256:… [default: the current release of a public
    /// network]
    #[arg(long)]
    pub image: Option<String>,
    /// Address at which other nodes reach this one [default: none, the node only connects out]
    #[arg(long, value_name = "IP")]
    pub public_address: Option<String>,
    /// Folder with the contracts' sources, instead of the reference repository
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["git", "rev"])]
    pub source: Option<PathBuf>,
    /// Repository with the contracts' sources [default: the reference implementation]
    #[arg(long, value_name = "URL", requires = "rev")]
    pub git: Option<String>,
    /// Full commit hash in that repository
    #[arg(long, value_name = "HASH")]
    pub rev: Option<String>,
    /// Devnet: URL of a Core Space RPC
    #[arg(long, value_name = "URL")]
    pub core_rpc: Option<String>,
    /// Also make a pool for the users of eSpace, with the bridge between both
    #[arg(long)]
    pub espace: bool,
    /// Devnet, with --espace: URL of an eSpace RPC
    #[arg(long, value_name = "URL", requires = "espace")]
    pub espace_rpc: Option<String>,
    /// Devnet: folder with the network's genesis files
    #[arg(long, value_name = "FOLDER")]
    pub node_files: Option<PathBuf>,
    /// Devnet: Docker network that the other nodes are in
    #[arg(long, value_name = "NAME")]
    pub docker_network: Option<String>,
    /// Devnet: nodes to connect to first, `cfxnode://…@ip:port` with commas
    #[arg(long, value_name = "NODES")]
    pub bootnodes: Option<String>,
    /// Accept in the spec that the registration cannot be undone
    #[arg(long)]
    pub accept_irreversible: bool,
}

/// Runs the command.
pub fn run_init(session: &mut Session<'_, '_>, args: &InitArgs) -> Result<Exit, Failure> {
    let path = session.project.spec.clone();
    if path.exists() {
        return Err(Failure::Exists(path));
    }
    let answers = answers::gather_answers(session, args)?;
    let text = view::template::write_spec(&answers);
    // The files of a private network are only there where its node will run.
    let problems = trial::find_spec_problems(session.registry, &text, answers.devnet.is_none());
    if !problems.is_empty() {
        return Err(Failure::Problems {
            problems,
            files: vec![SourceFile::new(&session.project.spec_name, text)],
        });
    }
    write_new(&path, &text)?;
    let console = &mut *session.console;
    if console.json {
        console.say_json(&json!({"format_version": view::FORMAT_VERSION, "written": path}))?;
    } else {
        let name = &session.project.spec_name;
        console.say(&view::template::format_spec_written(
            name,
            args.espace,
            args.accept_irreversible,
        ))?;
    }
    Ok(Exit::Done)
}

/// Writes a file that must not be there.
pub(super) fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())
                .and_then(|()| file.sync_all())
        });
    written.map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => Failure::Exists(path.to_owned()),
        _ => Failure::File {
            verb: "write",
            path: path.to_owned(),
            source,
        },
    })
}
