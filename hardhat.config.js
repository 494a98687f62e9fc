// Hardhat for people who know it: `npx hardhat compile`, `npx hardhat node`. It reads the same
// contracts/compiler.json as Python does, and compiles with the solc package from package-lock.json.
"use strict";

const { subtask } = require("hardhat/config");
const { TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD } = require("hardhat/builtin-tasks/task-names");
const compiler = require("./contracts/compiler.json");

// Hardhat would otherwise download a compiler at run time. A version other than the installed one
// is refused rather than fetched, so that every build on every machine uses the same bytes.
subtask(TASK_COMPILE_SOLIDITY_GET_SOLC_BUILD).setAction(async ({ solcVersion }) => {
  const installed = require("solc").version().replace(".Emscripten.clang", "");
  if (!installed.startsWith(`${solcVersion}+`)) {
    throw new Error(
      `contracts/compiler.json asks for solc ${solcVersion} but ${installed} is installed: ` +
        "set the same version in package.json and run `make lock setup`",
    );
  }
  return {
    version: solcVersion,
    longVersion: installed,
    compilerPath: require.resolve("solc/soljson.js"),
    isSolcJs: true,
  };
});

/** @type {import("hardhat/config").HardhatUserConfig} */
module.exports = {
  solidity: {
    version: compiler.version,
    settings: {
      evmVersion: compiler.evmVersion,
      optimizer: compiler.optimizer,
      metadata: compiler.metadata,
    },
  },
  paths: {
    sources: "contracts",
    artifacts: "build/hardhat/artifacts",
    cache: "build/hardhat/cache",
  },
  // As on the scheme's own network: nobody pays for gas, so an account without funds can act.
  networks: {
    hardhat: { hardfork: compiler.evmVersion, initialBaseFeePerGas: 0, gasPrice: 0 },
  },
};
