// Runs the compiler on the standard JSON input of stdin: `node driver.js SOLJSON`.
// Writes the compiler's version, a line break and its answer.
"use strict";
const soljson = require(process.argv[1]);
const input = require("fs").readFileSync(0, "utf8");
const compile = soljson.cwrap("solidity_compile", "string", ["string", "number", "number"]);
const version = soljson.cwrap("solidity_version", "string", []);
// No callback: every source is in the input.
const answer = compile(input, 0, 0);
process.stdout.write(version() + "\n" + answer);
