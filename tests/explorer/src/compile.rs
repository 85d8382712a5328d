//! A standard JSON input, compiled.
//!
//! - Reads: the input of an order; the pinned compilers of [`pospool_source`].
//! - Returns: the contract's two codes, with their holes and their metadata, or the failure by its code.
//! - Never: runs more than two compilers at a time, or lets the input say what the compiler puts out.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use ethers_core::utils::{hex, keccak256};
use pospool_source::{Cache, Tools, run_compiler};
use serde_json::{Value as Json, json};
use tokio::sync::Semaphore;

use crate::compare::ComparedCode;
use crate::failure::VerifyFailure;
use crate::submission::Order;

/// Compilers that run at a time: each takes a processor and some hundred megabytes.
const AT_A_TIME: usize = 2;

/// A compiled contract.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CompiledContract {
    pub(crate) abi: Json,
    pub(crate) creation: ComparedCode,
    pub(crate) runtime: ComparedCode,
}

/// Where compiling is done. Several explorers may share one: what was compiled is remembered.
#[derive(Debug)]
pub struct Workshop {
    cache: Cache,
    tools: Tools,
    places: Semaphore,
    /// By the hash of compiler, input and contract.
    done: Mutex<BTreeMap<[u8; 32], CompiledContract>>,
}

impl Workshop {
    /// Compilers are kept in the folder `cache`, which may be one that others use too.
    #[must_use]
    pub fn new(cache: impl Into<Cache>, tools: Tools) -> Self {
        Self {
            cache: cache.into(),
            tools,
            places: Semaphore::new(AT_A_TIME),
            done: Mutex::default(),
        }
    }

    /// Compiles an order's contract.
    pub(crate) async fn compile(&self, order: &Order) -> Result<CompiledContract, VerifyFailure> {
        let mut compiled = self.once(order, order.input.clone()).await?;
        if compiled.creation.has_marks() || compiled.runtime.has_marks() {
            let edited = self.once(order, edited(order.input.clone())).await?;
            compiled.creation.find_metadata(&edited.creation);
            compiled.runtime.find_metadata(&edited.runtime);
        }
        Ok(compiled)
    }

    async fn once(
        &self,
        order: &Order,
        mut input: Json,
    ) -> Result<CompiledContract, VerifyFailure> {
        // The original puts its own selection there too; what the client wants to see is no matter.
        input["settings"]["outputSelection"] = json!({ order.file.as_str(): { "*": [
            "abi",
            "evm.bytecode.object",
            "evm.bytecode.linkReferences",
            "evm.deployedBytecode.object",
            "evm.deployedBytecode.linkReferences",
            "evm.deployedBytecode.immutableReferences",
        ] } });
        let input = input.to_string();
        let parts = [
            &order.compiler.version,
            &order.file,
            &order.contract,
            &input,
        ];
        let key = keccak256(parts.map(String::as_str).join("\0"));
        let done = || self.done.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(compiled) = done().get(&key) {
            return Ok(compiled.clone());
        }
        let answer = self.run(order, input).await?;
        let compiled = take(&answer, order)?;
        done().insert(key, compiled.clone());
        Ok(compiled)
    }

    /// Runs the compiler and returns its answer.
    async fn run(&self, order: &Order, input: String) -> Result<Json, VerifyFailure> {
        let broken = |what: String| VerifyFailure::new("internal_error", what);
        // It is never closed.
        let _place = self.places.acquire().await;
        let (compiler, cache, tools) = (
            order.compiler.clone(),
            self.cache.clone(),
            self.tools.clone(),
        );
        let run = tokio::task::spawn_blocking(move || {
            let integrity = compiler.integrity.as_deref();
            run_compiler(
                compiler.short(),
                integrity,
                input.as_bytes(),
                &cache,
                &tools,
            )
        });
        let answer = run.await.map_err(|error| broken(error.to_string()))?;
        let answer = answer.map_err(|error| broken(error.to_string()))?;
        if answer.compiler != order.compiler.version {
            let (found, wanted) = (answer.compiler, &order.compiler.version);
            return Err(broken(format!(
                "the compiler {wanted} says that it is {found}"
            )));
        }
        serde_json::from_slice(&answer.json).map_err(|error| broken(error.to_string()))
    }
}

/// The same sources with a blank at the end of each: other metadata, the same code.
fn edited(mut input: Json) -> Json {
    if let Some(sources) = input["sources"].as_object_mut() {
        for source in sources.values_mut() {
            let content = source["content"].as_str().unwrap_or_default();
            source["content"] = format!("{content} ").into();
        }
    }
    input
}

/// Takes one contract out of the compiler's answer.
fn take(answer: &Json, order: &Order) -> Result<CompiledContract, VerifyFailure> {
    let list = answer["errors"].as_array().map_or(&[][..], Vec::as_slice);
    let errors = list.iter().filter(|error| error["severity"] == "error");
    let words = errors.filter_map(|error| {
        let formatted = error["formattedMessage"].as_str();
        Some(formatted.or(error["message"].as_str())?.trim())
    });
    let words: Vec<&str> = words.collect();
    if !words.is_empty() {
        return Err(VerifyFailure::new("compiler_error", words.join("\n")));
    }
    let contract = answer["contracts"]
        .get(&order.file)
        .and_then(|file| file.get(&order.contract));
    let Some(contract) = contract else {
        let words = format!("the compiler made no `{}:{}`", order.file, order.contract);
        return Err(VerifyFailure::new(
            "contract_not_found_in_compiler_output",
            words,
        ));
    };
    let [creation, runtime] = ["bytecode", "deployedBytecode"].map(|part| {
        code(&contract["evm"][part]).ok_or_else(|| {
            let words = format!("the compiler's `{part}` cannot be read");
            VerifyFailure::new("internal_error", words)
        })
    });
    let (creation, runtime) = (creation?, runtime?);
    if creation.bytes.is_empty() || runtime.bytes.is_empty() {
        let words = format!("`{}` has no code: is it abstract?", order.contract);
        return Err(VerifyFailure::new("compiled_bytecode_is_zero", words));
    }
    Ok(CompiledContract {
        abi: contract["abi"].clone(),
        creation,
        runtime,
    })
}

/// Reads code and its holes; a placeholder of a library is no hex, so zeros are put there first.
fn code(part: &Json) -> Option<ComparedCode> {
    let links = part["linkReferences"].as_object();
    let links = links.into_iter().flat_map(|files| files.values());
    let links = links
        .filter_map(Json::as_object)
        .flat_map(|names| names.values());
    let immutables = part["immutableReferences"].as_object();
    let immutables = immutables.into_iter().flat_map(|ids| ids.values());
    let lists = links.chain(immutables).filter_map(Json::as_array);
    let holes: Option<Vec<_>> = lists.flatten().map(place).collect();
    let holes = holes?;
    let mut digits = part["object"].as_str()?.to_owned();
    for hole in &holes {
        let (start, end) = (hole.start * 2, hole.end * 2);
        digits.get(start..end)?;
        digits.replace_range(start..end, &"0".repeat(end - start));
    }
    Some(ComparedCode::new(hex::decode(digits).ok()?, holes))
}

fn place(reference: &Json) -> Option<Range<usize>> {
    let number = |name: &str| usize::try_from(reference[name].as_u64()?).ok();
    let (start, length) = (number("start")?, number("length")?);
    Some(start..start.checked_add(length)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_and_immutables_are_holes() {
        let part = json!({
            "object": "60__$abcdefabcdefabcdefabcdefabcdefabcd$__61000062",
            "linkReferences": { "L.sol": { "L": [{ "start": 1, "length": 20 }] } },
            "immutableReferences": { "7": [{ "start": 22, "length": 2 }] },
        });
        let code = code(&part).unwrap();
        assert_eq!(code.bytes.len(), 25);
        assert_eq!(code.holes, [1..21, 22..24]);
        assert!(super::code(&json!({ "object": "60__$ab$__" })).is_none());
        let outside = json!({ "object": "60", "immutableReferences": { "1": [{ "start": 9, "length": 1 }] } });
        assert!(super::code(&outside).is_none());
    }
}
