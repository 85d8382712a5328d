// The reference's scripts on a devnet: its plugins that talk to a chain, and a compiler that is not downloaded.
require("@nomiclabs/hardhat-ethers");
require("hardhat-conflux");
const { subtask } = require("hardhat/config");
const { TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD } = require("hardhat/builtin-tasks/task-names");

subtask(TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD, async () => ({
  version: "0.8.4",
  longVersion: "0.8.4+commit.c7e474f2",
  compilerPath: require.resolve("solc/soljson.js"),
  isSolcJs: true,
}));

const accounts = [process.env.PRIVATE_KEY];
const network = (url, chainId) => ({ url: url || "http://127.0.0.1:1", accounts, chainId: Number(chainId || 1) });
module.exports = {
  solidity: "0.8.4",
  networks: {
    core: network(process.env.CFX_RPC_URL, process.env.CFX_NETWORK_ID),
    espace: network(process.env.ETH_RPC_URL, process.env.ETH_NETWORK_ID),
  },
};
