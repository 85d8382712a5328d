// Prints what scripts/bench-deploy measured.
//
//   node table.js FLOOR THEIRS STEPS OURS PLAN
const { readFileSync } = require("fs");

const [floor, theirs, { steps }, ours] = process.argv.slice(2, 6).map((path) => JSON.parse(readFileSync(path, "utf8")));
const { plan } = JSON.parse(readFileSync(process.argv[6], "utf8"));

// The longest row of transactions in which each waits until the one before it has ended, and the waits among them.
const effects = new Map();
for (const step of plan.steps) for (const effect of step.effects) effects.set(`${step.address}/${effect.name}`, effect);
const rows = new Map();
function row(name) {
  if (!rows.has(name)) {
    const before = (effects.get(name)?.needs ?? [])
      .filter((need) => need.level === "done")
      .map((need) => row(`${need.effect.address}/${need.effect.name}`));
    const longest = before.reduce((one, other) => (other.length > one.length ? other : one), []);
    rows.set(name, effects.has(name) ? [...longest, name] : []);
  }
  return rows.get(name);
}
const longest = [...effects.keys()].map(row).reduce((one, other) => (other.length > one.length ? other : one), []);

// How many blocks take an account's transactions: a node puts no more of one account into a block than this much gas,
// unless the first one alone is more (conflux-rust's default `max_packing_batch_gas_limit`).
const PACKED_GAS = 3_000_000;
function blocks(space) {
  const sent = [...effects.values()].map((effect) => effect.payload?.Transaction ?? effect.payload);
  const limits = sent
    .filter((one) => one.gas && BigInt(one.value) === 0n && one.from.startsWith("0x") === (space === "espace"))
    .sort((one, other) => one.nonce - other.nonce)
    .map((one) => one.gas);
  let count = 0;
  let room = 0;
  for (const gas of limits) {
    if (gas > room) {
      count += 1;
      room = PACKED_GAS;
    }
    room -= gas;
  }
  return count;
}
const packed = { core: blocks("core"), espace: blocks("espace") };
// Only each fifth block takes transactions of eSpace.
const wiring = floor.epochs + Math.max(packed.core - 1, 5 * (packed.espace - 1));

const s = (mark) => mark.seconds.toFixed(1);
const e = (mark) => String(mark.epochs);
const both = (sent) => `${sent.core + sent.espace} (${sent.core} and ${sent.espace})`;
const times = (name) => `${(theirs[name].seconds / ours[name].seconds).toFixed(1)}`;
// What the chain alone needs: one transaction, PoS to finalise the pool's code, one transaction, PoS to count the vote.
const chain = (unit) =>
  floor[unit] + (ours.before_final[unit] - ours.before[unit]) + floor[unit] + (ours.counted[unit] - ours.registered[unit]);
const bound = { seconds: chain("seconds"), epochs: chain("epochs") };

const later = (one, other) => (one.seconds > other.seconds ? one : other);
for (const way of [theirs, ours]) way.whole = later(way.wired, later(way.registered, way.counted));

const lines = [
  ["from the start until", "reference, s", "epochs", "pospool, s", "epochs", "times faster"],
  ["---", "---", "---", "---", "---", "---"],
  ["its first transaction is in a block", s(theirs.first), e(theirs.first), s(ours.first), e(ours.first), times("first")],
  ["all contracts are there and wired", s(theirs.wired), e(theirs.wired), s(ours.wired), e(ours.wired), times("wired")],
  ["the key is registered", s(theirs.registered), e(theirs.registered), s(ours.registered), e(ours.registered), times("registered")],
  ["PoS counts the vote", s(theirs.counted), e(theirs.counted), s(ours.counted), e(ours.counted), times("counted")],
  ["both: a pool that is whole", s(theirs.whole), e(theirs.whole), s(ours.whole), e(ours.whole), times("whole")],
  ["the command has ended", s(theirs.returned), "", s(ours.returned), "", times("returned")],
  ["transactions (Core Space and eSpace)", both(theirs.transactions), "", both(ours.transactions), "", ""],
];
for (const line of lines) console.log(`| ${line.join(" | ")} |`);
console.log(`
One transaction that waits for the one before it: ${s(floor)} s, ${floor.epochs} epochs (median of ${floor.sent}).
Wiring, which the chain packs into ${packed.core} blocks of Core Space and ${packed.espace} of eSpace (each fifth block), needs ${wiring} epochs at least: pospool took ${(ours.wired.epochs / wiring).toFixed(2)} times that, the reference ${(theirs.wired.epochs / wiring).toFixed(1)} times.
Until PoS counts the vote, the chain alone needs ${s(bound)} s, ${bound.epochs} epochs: one transaction (${s(floor)} s), the pool's code final (${(ours.before_final.seconds - ours.before.seconds).toFixed(1)} s), one transaction (${s(floor)} s), the vote counted (${(ours.counted.seconds - ours.registered.seconds).toFixed(1)} s).
pospool took ${(ours.counted.seconds / bound.seconds).toFixed(2)} times that, in epochs ${(ours.counted.epochs / bound.epochs).toFixed(2)} times.
The longest row of the plan: ${longest.join(" -> ")}.

| the reference's steps, as its documents list them | s |
|---|---|
${steps.map((step) => `| ${step.name} | ${step.seconds.toFixed(1)} |`).join("\n")}`);
