//! A chain in memory, in the words of both spaces.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use ethers_core::utils::hex;
use pospool_conflux::CoreAddress;
use pospool_explorer::ExplorerSpace;
use pospool_explorer::http::{HttpRequest, Response, Server};
use serde_json::{Value as Json, json};

const CORE_ID: u32 = 4242;
const ESPACE_ID: u32 = 4243;
/// Hash of the block at epoch 0.
pub(crate) const FIRST_BLOCK: &str = "0x0f";
/// Who creates all contracts.
const CREATOR: &str = "1777777777777777777777777777777777777777";

/// A block with at most one transaction.
#[derive(Clone, Debug, Default)]
struct Block {
    /// The created contract and the code that created it.
    creation: Option<(String, String)>,
}

#[derive(Debug, Default)]
struct Side {
    code: BTreeMap<String, String>,
    slots: BTreeMap<(String, String), String>,
    blocks: Vec<Block>,
    /// Blocks that were asked for, by number.
    read: Vec<u64>,
}

/// Both spaces; an address is its 40 digits.
#[derive(Debug, Default)]
struct World {
    core: Side,
    espace: Side,
}

impl World {
    fn side(&mut self, space: ExplorerSpace) -> &mut Side {
        match space {
            ExplorerSpace::Core => &mut self.core,
            ExplorerSpace::Espace => &mut self.espace,
        }
    }
}

/// The chain; it ends with this value.
pub(crate) struct FakeChain {
    world: Arc<Mutex<World>>,
    server: Server,
}

impl FakeChain {
    pub(crate) async fn start() -> Self {
        let world = Arc::new(Mutex::new(World::default()));
        let shared = Arc::clone(&world);
        let server = Server::start(0, move |request: HttpRequest| {
            let body = serde_json::from_slice(&request.body).unwrap();
            let answer = answer_all(&mut shared.lock().unwrap(), &body);
            async move { Some(Response::json(&answer)) }
        });
        let server = server.await.unwrap();
        let chain = Self { world, server };
        for space in [ExplorerSpace::Core, ExplorerSpace::Espace] {
            chain.mine(space, 1);
        }
        chain
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// Adds empty blocks.
    pub(crate) fn mine(&self, space: ExplorerSpace, blocks: usize) {
        let mut world = self.world.lock().unwrap();
        let side = world.side(space);
        side.blocks
            .resize(side.blocks.len() + blocks, Block::default());
    }

    /// Puts code (hex) at a new address, in a new block with the creation if there is any. Returns the address as
    /// the space writes it.
    pub(crate) fn deploy(
        &self,
        space: ExplorerSpace,
        runtime: &str,
        creation: Option<&str>,
    ) -> String {
        let mut world = self.world.lock().unwrap();
        let side = world.side(space);
        let mut bytes = [0x85; 20];
        bytes[19] = u8::try_from(side.code.len()).unwrap();
        let address = hex::encode(bytes);
        side.code.insert(address.clone(), runtime.to_owned());
        let creation = creation.map(|code| (address.clone(), code.to_owned()));
        side.blocks.push(Block { creation });
        written(space, &address)
    }

    /// Points the EIP-1967 slot of a proxy at an address.
    pub(crate) fn point(&self, space: ExplorerSpace, proxy: &str, implementation: &str) {
        const SLOT: &str = "0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc";
        let value = format!("0x{}{}", "0".repeat(24), digits(implementation));
        let mut world = self.world.lock().unwrap();
        let key = (digits(proxy), SLOT.to_owned());
        world.side(space).slots.insert(key, value);
    }

    /// Returns who creates all contracts.
    pub(crate) fn creator(space: ExplorerSpace) -> String {
        written(space, CREATOR)
    }

    /// How often each block was read, at most.
    pub(crate) fn most_reads(&self, space: ExplorerSpace) -> usize {
        let mut world = self.world.lock().unwrap();
        let read = &world.side(space).read;
        let times = |block: &u64| read.iter().filter(|other| *other == block).count();
        read.iter().map(times).max().unwrap_or_default()
    }
}

/// Digits of an address in either form.
pub(crate) fn digits(address: &str) -> String {
    match address.parse::<CoreAddress>() {
        Ok(core) => hex::encode(core.bytes()),
        Err(_) => address.trim_start_matches("0x").to_lowercase(),
    }
}

fn written(space: ExplorerSpace, digits: &str) -> String {
    match space {
        ExplorerSpace::Core => {
            let bytes = hex::decode(digits).unwrap().try_into().unwrap();
            CoreAddress::new(bytes, CORE_ID).to_string()
        }
        ExplorerSpace::Espace => format!("0x{digits}"),
    }
}

/// The same as a node writes it: in Core with the type, and in large letters.
fn node_form(space: ExplorerSpace, digits: &str) -> String {
    let text = written(space, digits);
    let Some((network, rest)) = text.split_once(':') else {
        return text;
    };
    let kind = if digits.starts_with('1') {
        "user"
    } else {
        "contract"
    };
    format!("{network}:type.{kind}:{rest}").to_uppercase()
}

fn answer_all(world: &mut World, body: &Json) -> Json {
    let mut one = |call: &Json| {
        let result = answer(world, call["method"].as_str().unwrap(), &call["params"]);
        json!({ "jsonrpc": "2.0", "id": call["id"], "result": result })
    };
    match body.as_array() {
        Some(calls) => calls.iter().map(one).collect(),
        None => one(body),
    }
}

fn answer(world: &mut World, method: &str, params: &Json) -> Json {
    let space = if method.starts_with("cfx_") {
        ExplorerSpace::Core
    } else {
        ExplorerSpace::Espace
    };
    let side = world.side(space);
    let address = || digits(params[0].as_str().unwrap());
    match method {
        "cfx_getStatus" => json!({ "networkId": format!("{CORE_ID:#x}") }),
        "eth_chainId" => json!(format!("{ESPACE_ID:#x}")),
        "cfx_getCode" | "eth_getCode" => {
            let code = side.code.get(&address()).map_or("", String::as_str);
            json!(format!("0x{code}"))
        }
        "cfx_getStorageAt" | "eth_getStorageAt" => {
            let slot = params[1].as_str().unwrap().to_owned();
            match (side.slots.get(&(address(), slot)), space) {
                (Some(value), _) => json!(value),
                (None, ExplorerSpace::Core) => Json::Null,
                (None, ExplorerSpace::Espace) => json!(format!("0x{}", "0".repeat(64))),
            }
        }
        "cfx_epochNumber" | "eth_blockNumber" => json!(format!("{:#x}", side.blocks.len() - 1)),
        "cfx_getBlocksByEpoch" => {
            side.read.push(number(&params[0]));
            json!([params[0]])
        }
        "cfx_getBlockByEpochNumber" => json!({ "hash": FIRST_BLOCK }),
        // By whoever asks which chain it is, and wants no transactions.
        "eth_getBlockByNumber" if *params == json!(["0x0", false]) => {
            json!({ "hash": FIRST_BLOCK })
        }
        "cfx_getBlockByHash" => block(side, space, &params[0]),
        "eth_getBlockByNumber" => {
            side.read.push(number(&params[0]));
            block(side, space, &params[0])
        }
        "eth_getTransactionReceipt" => {
            let (address, _) = side.blocks[usize::try_from(number(&params[0])).unwrap()]
                .creation
                .as_ref()
                .unwrap();
            json!({ "status": "0x1", "contractAddress": format!("0x{address}") })
        }
        other => panic!("the fake chain has no {other}"),
    }
}

fn number(text: &Json) -> u64 {
    u64::from_str_radix(text.as_str().unwrap().trim_start_matches("0x"), 16).unwrap()
}

/// A block; its number is also its hash, and that of its transaction.
fn block(side: &Side, space: ExplorerSpace, number_text: &Json) -> Json {
    let number = usize::try_from(number(number_text)).unwrap();
    let from = node_form(space, CREATOR);
    let transfer = json!({ "hash": "0xaa", "from": from, "to": from, "input": "0x", "data": "0x" });
    let mut transactions = vec![transfer];
    if let Some((address, code)) = &side.blocks[number].creation {
        let code = format!("0x{code}");
        transactions.push(match space {
            ExplorerSpace::Core => json!({
                "hash": number_text, "from": from, "to": null, "data": code, "status": "0x0",
                "contractCreated": node_form(space, address),
            }),
            ExplorerSpace::Espace => {
                json!({ "hash": number_text, "from": from, "to": null, "input": code })
            }
        });
    }
    json!({
        "number": number_text,
        "epochNumber": number_text,
        "timestamp": "0x5",
        "transactions": transactions,
    })
}
