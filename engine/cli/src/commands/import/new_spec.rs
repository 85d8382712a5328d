//! A spec for a pool that was made without pospool.
//!
//! - Reads: the chain, from a few addresses on.
//! - Returns: its text, which is written once somebody has seen what it takes up.
//! - Never: takes the place of a spec; returns one that does not decode.

use std::collections::BTreeMap;

use pospool_lang::spec::SourceFile;
use pospool_model::{Address, Attributes, Diagnostic, Value};

use crate::args::{InitArgs, TakeUpArgs};
use crate::commands::Session;
use crate::commands::init::answers;
use crate::commands::pipeline;
use crate::failure::Failure;
use crate::view;
use crate::view::found_spec::ChainLines;
use crate::view::template::PoolNetwork;

/// The spec that says what is there.
pub(super) async fn find_spec(
    session: &mut Session<'_, '_>,
    args: &TakeUpArgs,
) -> Result<SourceFile, Failure> {
    let path = &session.project.spec;
    if path.exists() {
        return Err(Failure::Exists(path.clone()));
    }
    let network = args.network.unwrap_or_else(|| network_of(&args.from));
    let code = InitArgs {
        source: args.source.clone(),
        ..InitArgs::default()
    };
    let code = answers::code(session, &code)?;
    let chain = ChainLines {
        network,
        core_rpc: args.core_rpc.as_deref(),
        espace_rpc: args.espace_rpc.as_deref(),
    };
    let around = around(session, chain)?;
    let provider = session.registry.of_kind("chain").map(std::sync::Arc::clone);
    let blocks = match provider {
        Some(provider) => provider.explore(&args.from, &around).await,
        None => Ok(Vec::new()),
    };
    let blocks = blocks.map_err(Failure::Look)?;
    let text = view::found_spec::write_found_spec(chain, &code, &blocks);
    let file = SourceFile::new(&session.project.spec_name, text);
    pipeline::decode(session, &args.variables, &BTreeMap::new(), file.clone())?;
    Ok(file)
}

/// The network that the first address is of; what is in eSpace does not tell.
fn network_of(from: &[String]) -> PoolNetwork {
    let first = from.first().map(|it| it.to_lowercase()).unwrap_or_default();
    match first.split_once(':') {
        Some(("cfxtest", _)) => PoolNetwork::Testnet,
        Some(("cfx", _)) | None => PoolNetwork::Mainnet,
        Some(_) => PoolNetwork::Devnet,
    }
}

/// The block of the chain in its normal form.
fn around(
    session: &Session<'_, '_>,
    chain: ChainLines<'_>,
) -> Result<BTreeMap<Address, Attributes>, Failure> {
    let texts = [
        ("network", Some(chain.network.name())),
        ("core_rpc", chain.core_rpc),
        ("espace_rpc", chain.espace_rpc),
    ];
    let texts = texts.into_iter();
    let block: Attributes = texts
        .filter_map(|(name, text)| Some((name.to_owned(), Value::from(text?))))
        .collect();
    let Some(provider) = session.registry.of_kind("chain") else {
        return Ok(BTreeMap::new());
    };
    let address: Address = "chain.conflux".parse().expect("it is a kind and a word");
    let block = provider.normalise("chain", block).map_err(|problems| {
        let said = problems.into_iter();
        let said = said.map(|it| {
            let problem = Diagnostic::error(it.code, it.summary.clone());
            match it.help {
                Some(help) => problem.help(help),
                None => problem,
            }
        });
        Failure::Problems {
            problems: said.collect(),
            files: Vec::new(),
        }
    })?;
    Ok(BTreeMap::from([(address, block)]))
}
