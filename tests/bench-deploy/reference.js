// Brings a two-space pool up as the reference's documents say: its scripts, one after the other, in a copy of `contract/`.
// Prints one JSON object: seconds of each step, and the addresses.
//
//   node reference.js FOLDER   (environment: PRIVATE_KEY, CFX_RPC_URL, CFX_NETWORK_ID, ETH_RPC_URL, ETH_NETWORK_ID, POS_REGIST_DATA)
const { spawnSync } = require("child_process");

const folder = process.argv[2];
const env = { ...process.env, HARDHAT_DISABLE_TELEMETRY_PROMPT: "true" };
const steps = [];

function run(name, command, wanted) {
  const start = process.hrtime.bigint();
  const done = spawnSync(command[0], command.slice(1), { cwd: folder, env, encoding: "utf8", maxBuffer: 1 << 26 });
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const said = `${done.stdout}\n${done.stderr}`;
  // The scripts end with 0 after a failed transaction too.
  if (done.status !== 0 || /\bfail(ed)?\b|Error/i.test(said)) throw new Error(`${name}: exit ${done.status}\n${said}`);
  steps.push({ name, seconds });
  if (!wanted) return undefined;
  const found = said.match(wanted);
  if (!found) throw new Error(`${name}: no ${wanted} in\n${said}`);
  return found[1];
}

const hardhat = (script, network) => ["npx", "--no-install", "hardhat", "run", "--no-compile", `scripts/${script}`, "--network", network];
const pool = (...words) => ["node", "bin/pool.js", ...words];

env.POOL_MANAGER_ADDRESS = run("deploy PoolManager", hardhat("core/01_deploy_poolManager.js", "core"), /PoolManager address:\s+(\S+)/);
env.POOL_ADDRESS = run("deploy and register PoSPool", hardhat("core/02_deploy_pool.js", "core"), /PoSPool address:\s+(\S+)/);
run("set share ratio", pool("Pool", "setPoolUserShareRatio", "9000"));
run("add pool to PoolManager", pool("PoolManager", "addPool", env.POOL_ADDRESS));
env.CORE_BRIDGE = run("deploy CoreBridge", hardhat("core/03_deploy_eSpacePoolBridge.js", "core"), /CoreBridge address:\s+(\S+)/);
env.ESPACE_POOL_ADDRESS = run("deploy ESpacePoSPool", hardhat("espace/01_deploy_pool.js", "espace"), /ESpacePoSPool address:\s+(\S+)/);
run("set eSpace pool in CoreBridge", hardhat("core/03_setup_eSpacePoolBridge.js", "core"));
run("pair the pools in PoolManager", pool("PoolManagerSetEspacePool", env.POOL_ADDRESS, env.ESPACE_POOL_ADDRESS));

const { POOL_MANAGER_ADDRESS: manager, POOL_ADDRESS: core, CORE_BRIDGE: bridge, ESPACE_POOL_ADDRESS: espace } = env;
process.stdout.write(`${JSON.stringify({ steps, addresses: { manager, core, bridge, espace } })}\n`);
