// Whether two pools are the same but for their addresses and keys: reads both through the reference's own interfaces.
//
//   node same.js REFERENCE_FOLDER DEVNET.json ONE OTHER
//
// Reads:  two JSON files with the addresses { manager, core, bridge, espace }, and the chain.
// Prints: nothing, or what differs; then it ends with 1.
const { deepStrictEqual } = require("assert");
const { readFileSync } = require("fs");
const { createRequire } = require("module");

const [folder, info, ...files] = process.argv.slice(2);
const theirs = createRequire(`${folder}/package.json`);
const { Conflux, address, format } = theirs("js-conflux-sdk");
const { ethers } = theirs("ethers");
const net = JSON.parse(readFileSync(info, "utf8"));
const conflux = new Conflux({ url: net.core_rpc, networkId: net.chain_id });
const provider = new ethers.providers.StaticJsonRpcProvider(net.espace_rpc, net.evm_chain_id);

const abi = (path) => JSON.parse(readFileSync(`${folder}/artifacts/contracts/${path}.json`, "utf8")).abi;

async function pool({ manager, core, bridge, espace }) {
  const mapped = address.cfxMappedEVMSpaceAddress(bridge).toLowerCase();
  const names = new Map([
    [format.hexAddress(core), "the pool"],
    [espace.toLowerCase(), "the eSpace pool"],
    [mapped, "the bridge"],
  ]);
  const name = (found) => names.get(found.startsWith("0x") ? found.toLowerCase() : format.hexAddress(found)) ?? found;
  const at = (path, where) => conflux.Contract({ abi: abi(path), address: where });
  const [managerThere, coreThere, bridgeThere] = [
    at("PoolManager.sol/PoolManager", manager),
    at("PoSPool.sol/PoSPool", core),
    at("eSpacePoolBridge.sol/CoreBridge", bridge),
  ];
  const espaceThere = new ethers.Contract(espace, abi("eSpace/eSpacePoSPool.sol/ESpacePoSPool"), provider);
  return {
    pools: (await managerThere.getPoolAddresses()).map(name),
    pair: name(await managerThere.eSpacePoolAddresses(core)),
    name: await coreThere.poolName(),
    ratio: String(await coreThere.poolUserShareRatio()),
    registered: await coreThere._poolRegisted(),
    bridge_pool: name(await bridgeThere.poolAddress()),
    bridge_espace_pool: name(await bridgeThere.eSpacePoolAddress()),
    espace_name: await espaceThere.poolName(),
    espace_ratio: String(await espaceThere.poolUserShareRatio()),
    // Its address has no getter; only the bridge may call this.
    espace_knows_bridge: await espaceThere.callStatic.setPoolAPY(1, { from: mapped }).then(() => true, () => false),
    espace_refuses_others: await espaceThere.callStatic.setPoolAPY(1, { from: espace }).then(() => false, () => true),
  };
}

async function main() {
  const [one, other] = await Promise.all(files.map((file) => pool(JSON.parse(readFileSync(file, "utf8")).addresses)));
  deepStrictEqual(one, other);
  deepStrictEqual([one.pools, one.pair], [["the pool"], "the eSpace pool"]);
  deepStrictEqual([one.registered, one.espace_knows_bridge, one.espace_refuses_others], [true, true, true]);
}

main().catch((error) => {
  console.error(`same: ${error.message}`);
  process.exit(1);
});
