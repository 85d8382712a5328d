#!/usr/bin/env node
// Stands in for the `conflux` binary: same arguments, same working directory, same environment.
// The node itself is conflux-rust, loaded as a native addon; this file only starts and stops it.
'use strict';

const fs = require('fs');
const path = require('path');

const VERSION = '@VERSION@';
const ADDON = '@ADDON@';

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function configFile(args) {
  let file;
  let voter;
  for (let at = 0; at < args.length; at += 1) {
    if (args[at] === '--version' || args[at] === '-V') {
      process.stdout.write(`conflux ${VERSION}\n`);
      process.exit(0);
    } else if (args[at] === '--config' || args[at] === '-c') {
      at += 1;
      file = args[at];
    } else if (args[at].startsWith('--config=')) {
      file = args[at].slice('--config='.length);
    } else if (args[at] === '--pos-started-as-voter') {
      at += 1;
      voter = args[at];
    } else {
      fail(`error: unexpected argument '${args[at]}': this stand-in knows --config FILE, --pos-started-as-voter and --version`);
    }
  }
  if (!file) fail('error: --config FILE is missing');
  if (!fs.existsSync(file)) fail(`error: failed to read config file ${file}`);
  // The addon takes a file alone: the argument must say what the file says.
  if (voter !== undefined && !fs.readFileSync(file, 'utf8').includes(`pos_started_as_voter = ${voter}`)) {
    fail(`error: ${file} does not say pos_started_as_voter = ${voter}`);
  }
  return path.resolve(file);
}

// The node's own panics go to its PoS log only; show them where an operator looks.
function lastPanic() {
  try {
    const text = fs.readFileSync('log/pos.log', 'utf8');
    const lines = text.split('\n').filter((line) => /panic|should not fail|failed/i.test(line));
    return lines.slice(-3).join('\n').slice(-2000);
  } catch {
    return '';
  }
}

async function main() {
  const config = configFile(process.argv.slice(2));
  const { ConfluxNode } = require(ADDON);
  const node = new ConfluxNode();
  let up = false;
  const stop = async () => {
    if (!up) process.exit(0);
    up = false;
    await node.stopNode();
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  setInterval(() => {}, 1 << 30);
  // The addon changes into this directory, so the one we were started in has to be named.
  await node.startNode({ configFile: config, confluxDataDir: process.cwd() });
  up = true;
}

main().catch((error) => fail(`failed to start conflux: ${error.message}\n${lastPanic()}`));
