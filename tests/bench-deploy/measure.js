// Runs one command that brings a pool up, and watches the chain from outside until PoS counts the pool's vote: both ways
// are measured with this, and neither is asked how long it took.
//
//   node measure.js DEVNET.json ACCOUNT_NUMBER POS_ADDRESS OUTPUT -- COMMAND ARGUMENT...
//
// Reads:   epochs, votes and blocks of the private network; ten looks a second.
// Prints:  one JSON object: seconds and epochs from the start of the command to each mark, and the transactions.
// Never:   sends anything. The command's own words go to the file OUTPUT.
const { spawn } = require("child_process");
const { openSync, readFileSync } = require("fs");

const [info, number, key, output, , ...command] = process.argv.slice(2);
const net = JSON.parse(readFileSync(info, "utf8"));
const account = net.accounts[Number(number)];
const DEPOSIT = 1000n * 10n ** 18n;
const LONGEST_MS = 10 * 60 * 1000;

async function ask(url, calls) {
  const body = calls.map(([method, ...params], id) => ({ jsonrpc: "2.0", id, method, params }));
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(10000),
  });
  const answers = await answer.json();
  return answers
    .sort((one, other) => one.id - other.id)
    .map(({ result, error }, id) => {
      if (error) throw new Error(`${calls[id][0]}: ${error.message}`);
      return result;
    });
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const seconds = (from) => Number(process.hrtime.bigint() - from) / 1e9;
const bare = (address) => address.toLowerCase().split(":").pop();

async function look(from) {
  const [mined, state, status, pos] = await ask(net.core_rpc, [
    ["cfx_epochNumber", "latest_mined"],
    ["cfx_epochNumber", "latest_state"],
    ["cfx_getStatus"],
    ["pos_getAccount", key],
  ]);
  return {
    at: seconds(from),
    mined: Number(mined),
    state: Number(state),
    finalised: Number(status.latestFinalized),
    votes: Number(pos.status.availableVotes),
  };
}

// Transactions of the account in these epochs, in both spaces; one that failed is an error.
async function sent(first, last) {
  const found = [];
  for (let from = first; from <= last; from += 50) {
    const epochs = Array.from({ length: Math.min(50, last - from + 1) }, (_, i) => `0x${(from + i).toString(16)}`);
    const hashes = (await ask(net.core_rpc, epochs.map((epoch) => ["cfx_getBlocksByEpoch", epoch]))).flat();
    for (const block of await ask(net.core_rpc, hashes.map((hash) => ["cfx_getBlockByHash", hash, true])))
      for (const one of block.transactions)
        if (bare(one.from) === bare(account.core_address) && one.status !== null)
          found.push({ space: "core", hash: one.hash, epoch: Number(block.epochNumber), value: BigInt(one.value), ok: one.status === "0x0" });
    for (const block of await ask(net.espace_rpc, epochs.map((epoch) => ["eth_getBlockByNumber", epoch, true])))
      for (const one of block.transactions) {
        if (bare(one.from) !== bare(account.espace_address)) continue;
        const [receipt] = await ask(net.espace_rpc, [["eth_getTransactionReceipt", one.hash]]);
        found.push({ space: "espace", hash: one.hash, epoch: Number(one.blockNumber), value: BigInt(one.value), ok: receipt.status === "0x1" });
      }
  }
  const failed = found.filter((one) => !one.ok);
  if (failed.length > 0) throw new Error(`failed on the chain: ${failed.map((one) => one.hash).join(", ")}`);
  return found;
}

// The command with all that it starts, as a group, so that nothing of it is left behind.
let child;
let gone;
function run() {
  const file = openSync(output, "w");
  child = spawn(command[0], command.slice(1), { stdio: ["ignore", file, "inherit"], detached: true });
  gone = new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => resolve(code));
  });
  return gone;
}

async function stop(why) {
  console.error(`measure: ${why}`);
  if (child?.pid && child.exitCode === null && child.signalCode === null) {
    process.kill(-child.pid, "SIGTERM");
    await Promise.race([gone, pause(30000)]);
  }
  process.exit(1);
}

async function main() {
  await look(process.hrtime.bigint());
  const from = process.hrtime.bigint();
  let code;
  let returned;
  const ended = run().then((exit) => {
    code = exit;
    returned = seconds(from);
  });
  const looks = [];
  while (code === undefined || looks.at(-1)?.votes < 1) {
    if (code > 0 || code === null) throw new Error(`${command[0]} ended with ${code}: see ${output}`);
    if (seconds(from) * 1000 > LONGEST_MS) throw new Error("PoS does not count the vote");
    looks.push(await look(from));
    await pause(100);
  }
  await ended;

  const first = looks[0].mined;
  const transactions = await sent(first, looks.at(-1).state);
  const mark = (reached) => {
    const found = looks.find(reached);
    return { seconds: found.at, epochs: found.mined - first };
  };
  const executed = (epoch) => mark((one) => one.state >= epoch);
  const registration = transactions.find((one) => one.space === "core" && one.value === DEPOSIT);
  if (!registration) throw new Error("no registration was sent");
  const others = transactions.filter((one) => one !== registration).map((one) => one.epoch);
  const before = others.filter((epoch) => epoch <= registration.epoch);
  const count = (space) => transactions.filter((one) => one.space === space).length;
  process.stdout.write(
    `${JSON.stringify({
      first: mark((one) => one.mined >= Math.min(...others)),
      wired: executed(Math.max(...others)),
      registered: executed(registration.epoch),
      counted: mark((one) => one.votes >= 1),
      returned: { seconds: returned },
      // What the registration could wait for at most: all that is executed before it, executed and final.
      before: executed(Math.max(...before)),
      before_final: mark((one) => one.finalised >= Math.max(...before)),
      transactions: { core: count("core"), espace: count("espace") },
    })}\n`,
  );
}

for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => stop(signal));
main().catch((error) => stop(error.stack));
