//! What the explorer does for each question, in either space.
//!
//! - Reads: the parameters, from where the original reads them: a submission's from the body, all others from the
//!   query, whatever the method is.
//! - Returns: an answer or a refusal.
//! - Never: knows a path or an envelope.

use std::sync::Arc;

use ethers_core::utils::hex;
use serde_json::{Value as Json, json};

use crate::address::ContractAddress;
use crate::answer::{HandlerAnswer, HandlerRefusal};
use crate::chain::ChainError;
use crate::creation::Creation;
use crate::dialect::Ask;
use crate::parameters::Parameters;
use crate::record::VerifiedContract;
use crate::site::SpaceSite;
use crate::submission;

/// Most contracts of one question for their creation.
const CREATIONS: usize = 5;
const NOT_VERIFIED: &str = "Contract source code not verified";
const BUSY: &str = "Business is busy, please try again later";

/// Answers a question.
pub(crate) async fn answer_question(
    site: &Arc<SpaceSite>,
    ask: Ask,
    query: &Parameters,
    body: &Parameters,
) -> Result<HandlerAnswer, HandlerRefusal> {
    match ask {
        Ask::Abi => abi(site, query).await,
        Ask::SourceCode => source_code(site, query).await,
        Ask::Creation => creations(site, query).await,
        Ask::Verify => verify(site, body),
        Ask::Status => status(site, query).await,
        Ask::VerifyProxy => verify_proxy(site, query),
        Ask::ProxyStatus => proxy_status(site, query).await,
    }
}

fn verify(site: &Arc<SpaceSite>, body: &Parameters) -> Result<HandlerAnswer, HandlerRefusal> {
    let order = submission::check_submission(body, site.chain.network, &site.manners.compilers)?;
    if site.faults.busy() {
        return Ok(HandlerAnswer::not_ok(BUSY));
    }
    let id = site.take(order)?;
    if site.faults.busy_but_taken() {
        return Ok(HandlerAnswer::not_ok(BUSY));
    }
    Ok(HandlerAnswer::ok(id))
}

async fn status(site: &SpaceSite, query: &Parameters) -> Result<HandlerAnswer, HandlerRefusal> {
    let id = required(query, "guid")?;
    Ok(match site.jobs.poll(id, site.faults.held()).await {
        None => HandlerAnswer::not_ok("Pending in queue"),
        Some(Ok(())) => HandlerAnswer::ok("Pass - Verified"),
        Some(Err(failure)) => HandlerAnswer::not_ok(failure.to_string()),
    })
}

async fn abi(site: &SpaceSite, query: &Parameters) -> Result<HandlerAnswer, HandlerRefusal> {
    let address = address(site, query, "address")?;
    Ok(match site.verified(address).await {
        Some(record) => HandlerAnswer::ok(record.abi.to_string()),
        None => HandlerAnswer::not_ok(NOT_VERIFIED),
    })
}

async fn source_code(
    site: &SpaceSite,
    query: &Parameters,
) -> Result<HandlerAnswer, HandlerRefusal> {
    let address = address(site, query, "address")?;
    let Some(record) = site.verified(address).await else {
        return Ok(HandlerAnswer::ok(json!([not_verified()])));
    };
    let implementation = site.chain.implementation(address).await?;
    Ok(HandlerAnswer::ok(json!([verified(
        site,
        &record,
        implementation
    )])))
}

/// What the original says of a contract that it does not know: a success, with an item without a source.
fn not_verified() -> Json {
    json!({
        "SourceCode": "",
        "ABI": NOT_VERIFIED,
        "ContractName": "",
        "CompilerVersion": "",
        "CompilerType": "",
        "OptimizationUsed": "",
        "Runs": "",
        "ConstructorArguments": "",
        "EVMVersion": "Default",
        "Library": "",
        "ContractFileName": "",
        "LicenseType": "Unknown",
        "Proxy": "0",
        "Implementation": "",
        "SwarmSource": "",
        "SimilarMatch": "",
    })
}

fn verified(
    site: &SpaceSite,
    record: &VerifiedContract,
    implementation: Option<ContractAddress>,
) -> Json {
    let settings = &record.input["settings"];
    let text = |address| site.chain.network.text(address);
    let optimized = settings["optimizer"]["enabled"] == true;
    let mut item = json!({
        "SourceCode": source(record),
        "ContractName": record.contract,
        "ABI": record.abi.to_string(),
        "CompilerVersion": format!("v{}", record.compiler),
        "EVMVersion": settings["evmVersion"].as_str().unwrap_or("Default"),
        "OptimizationUsed": if optimized { "1" } else { "0" },
        "Library": "",
        "ContractFileName": record.file,
        "LicenseType": record.licence,
        "Proxy": if implementation.is_some() { "1" } else { "0" },
        "Implementation": implementation.map(text).unwrap_or_default(),
        "SwarmSource": "",
        "SimilarMatch": record.similar.map(text).unwrap_or_default(),
    });
    // What is not known is not there at all.
    if let Some(runs) = settings["optimizer"]["runs"].as_u64() {
        item["Runs"] = runs.to_string().into();
    }
    if let Some(arguments) = &record.arguments {
        item["ConstructorArguments"] = hex::encode_prefixed(arguments).into();
    }
    item
}

/// The source of a single file as it is, else the input in double braces.
fn source(record: &VerifiedContract) -> String {
    if record.file.is_empty() {
        let content = record.input["sources"][""]["content"].as_str();
        return content.unwrap_or_default().to_owned();
    }
    let mut input = record.input.clone();
    if let Some(settings) = input["settings"].as_object_mut() {
        settings.remove("outputSelection");
    }
    format!("{{{input}}}")
}

async fn creations(site: &SpaceSite, query: &Parameters) -> Result<HandlerAnswer, HandlerRefusal> {
    const NAME: &str = "contractaddresses";
    let texts: Vec<&str> = required(query, NAME)?.split(',').collect();
    let addresses = texts
        .iter()
        .map(|text| site.chain.network.asked(NAME, text, true))
        .collect::<Result<Vec<_>, _>>()?;
    if addresses.len() > CREATIONS {
        let words = format!("Contract addresses up to {CREATIONS} at a time");
        return Ok(HandlerAnswer::no(1, words, Some(Json::Null)));
    }
    let mut items = Vec::new();
    for address in addresses {
        if let Some(found) = site.creation(address).await? {
            items.push(created(site, address, &found));
        }
    }
    Ok(HandlerAnswer::ok(items))
}

fn created(site: &SpaceSite, address: ContractAddress, found: &Creation) -> Json {
    let network = site.chain.network;
    json!({
        "contractAddress": network.text(address),
        "contractCreator": network.text(found.creator),
        "txHash": found.transaction,
        "blockNumber": found.block,
        "timestamp": found.timestamp,
        "contractFactory": "",
        "creationBytecode": hex::encode_prefixed(&found.code),
    })
}

fn verify_proxy(site: &SpaceSite, query: &Parameters) -> Result<HandlerAnswer, HandlerRefusal> {
    let proxy = address(site, query, "address")?;
    let expected = query.filled("expectedimplementation");
    let read = |text| {
        site.chain
            .network
            .asked("expectedimplementation", text, false)
    };
    let expected = expected.map(read).transpose()?;
    Ok(HandlerAnswer::ok(site.proxies.add((proxy, expected))))
}

async fn proxy_status(
    site: &SpaceSite,
    query: &Parameters,
) -> Result<HandlerAnswer, HandlerRefusal> {
    let id = required(query, "guid")?;
    let Some((proxy, expected)) = site.proxies.get(id) else {
        return Ok(HandlerAnswer::not_ok(format!("guid {id} not exist")));
    };
    let found = match site.chain.implementation(proxy).await {
        Ok(found) => found,
        Err(error) => return Ok(HandlerAnswer::not_ok(error.to_string())),
    };
    let text = |address| site.chain.network.text(address);
    Ok(match found {
        Some(found) if expected.is_none_or(|expected| expected == found) => {
            let (proxy, found) = (text(proxy), text(found));
            HandlerAnswer::ok(format!(
                "The implementation of the proxy {proxy} is {found}, and is noted"
            ))
        }
        _ => HandlerAnswer::not_ok("No such implementation contract was found for the proxy"),
    })
}

fn required<'a>(query: &'a Parameters, name: &str) -> Result<&'a str, HandlerRefusal> {
    query.get(name).ok_or_else(|| HandlerRefusal::absent(name))
}

fn address(
    site: &SpaceSite,
    query: &Parameters,
    name: &str,
) -> Result<ContractAddress, HandlerRefusal> {
    site.chain
        .network
        .asked(name, required(query, name)?, false)
}

impl From<ChainError> for HandlerRefusal {
    fn from(error: ChainError) -> Self {
        Self::Error(error.to_string())
    }
}
