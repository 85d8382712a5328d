// What one transaction costs that waits for the one before it: sends plain transfers one after the other, each when the
// one before it is executed, and looks forty times a second.
//
//   node floor.js REFERENCE_FOLDER DEVNET.json ACCOUNT_NUMBER
//
// Prints one JSON object: the median of seconds and epochs from sending to the receipt.
const { readFileSync } = require("fs");
const { createRequire } = require("module");

const [folder, info, number] = process.argv.slice(2);
const { Conflux } = createRequire(`${folder}/package.json`)("js-conflux-sdk");
const net = JSON.parse(readFileSync(info, "utf8"));
const SENT = 7;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const median = (numbers) => [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)];

async function main() {
  const conflux = new Conflux({ url: net.core_rpc, networkId: net.chain_id });
  const account = conflux.wallet.addPrivateKey(net.accounts[Number(number)].private_key);
  const took = [];
  for (let sent = 0; sent < SENT; sent += 1) {
    const epoch = await conflux.cfx.getEpochNumber("latest_mined");
    const options = { from: account.address, to: account.address, value: 1, gas: 21000, storageLimit: 0, gasPrice: 20e9 };
    const start = process.hrtime.bigint();
    const hash = await conflux.cfx.sendTransaction({ ...options, epochHeight: epoch, chainId: net.chain_id });
    while (!(await conflux.cfx.getTransactionReceipt(hash))) await pause(25);
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    took.push({ seconds, epochs: (await conflux.cfx.getEpochNumber("latest_mined")) - epoch });
  }
  const of = (name) => median(took.map((one) => one[name]));
  process.stdout.write(`${JSON.stringify({ sent: SENT, seconds: of("seconds"), epochs: of("epochs") })}\n`);
}

main().catch((error) => {
  console.error(`floor: ${error.stack}`);
  process.exit(1);
});
