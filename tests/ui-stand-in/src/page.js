// Shows the pools of one PoolManager, read from the chain in the visitor's browser.
//
// - Reads: the compiled-in configuration, or pool.config.json; the chain's RPC.
// - Shows: each pool's name, share ratio, yield, stake and address.
// - Never: puts a text of the chain into the page as HTML: a pool's name is anybody's.

const GET_POOLS = "0x673a2a1f";
const CFX_OF_A_VOTE = 1000n;
const ALPHABET = "abcdefghjkmnprstuvwxyz0123456789";

show().catch(trouble);

async function show() {
  const config = window.poolConfig ?? (await (await fetch("/pool.config.json")).json());
  const network = config[location.hostname.includes("test") ? "testnet" : "mainnet"];
  const badge = document.getElementById("network");
  badge.textContent = network.core.name;
  badge.hidden = false;
  const [epoch, answer] = await Promise.all([
    rpc(network, "cfx_epochNumber", []),
    rpc(network, "cfx_call", [{ to: network.poolManagerAddress, data: GET_POOLS }]),
  ]);
  const pools = decodePools(answer);
  const place = document.getElementById("pools");
  place.replaceChildren(...pools.map((pool) => card(pool, network.core.networkId)));
  if (pools.length === 0) {
    place.append(element("p", "waiting", "This site has no pool yet."));
  }
  if (pools.length === 1) {
    document.title = `${pools[0].name} · Conflux PoS`;
  }
  place.setAttribute("aria-busy", "false");
  document.getElementById("at").textContent = `Epoch ${group(BigInt(epoch))}`;
}

async function rpc(network, method, params) {
  const response = await fetch(network.core.RPC, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  const answer = await response.json();
  if (answer.error) {
    throw new Error(answer.error.message);
  }
  return answer.result;
}

// PoolInfo[]: (uint32 apy, uint64 fee, uint64 totalAvailable, address poolAddress, string name).
function decodePools(hex) {
  const bytes = Uint8Array.from(hex.slice(2).match(/../g) ?? [], (pair) => parseInt(pair, 16));
  const word = (at) => bytes.subarray(at, at + 32).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  const list = Number(word(0));
  const start = list + 32;
  return Array.from({ length: Number(word(list)) }, (_, index) => {
    const at = start + Number(word(start + 32 * index));
    const text = at + Number(word(at + 128));
    const length = Number(word(text));
    return {
      apy: word(at),
      share: word(at + 32),
      votes: word(at + 64),
      address: bytes.slice(at + 108, at + 128),
      name: new TextDecoder().decode(bytes.subarray(text + 32, text + 32 + length)),
    };
  });
}

function card(pool, networkId) {
  const address = base32(pool.address, networkId);
  const card = element("article", "pool");
  card.dataset.pool = address;
  const names = element("div");
  names.append(element("h2", "name", pool.name), element("p", "kind", "Proof-of-stake pool in Core Space"));
  card.append(ring(pool.share), names, figures(pool), place(address));
  return card;
}

// How much of the rewards users keep.
function ring(share) {
  const around = 2 * Math.PI * 42;
  const part = (Math.min(Number(share), 10000) / 10000) * around;
  const ring = element("div", "ring");
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("aria-hidden", "true");
  for (const [name, length] of [["track", around], ["part", part]]) {
    const circle = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    const values = { class: name, cx: 50, cy: 50, r: 42, "stroke-dasharray": `${length} ${around}` };
    Object.entries(values).forEach(([key, value]) => circle.setAttribute(key, value));
    svg.append(circle);
  }
  const words = element("p");
  words.append(element("strong", "share", percent(share)), element("span", "", "of rewards to you"));
  ring.append(svg, words);
  return ring;
}

function figures(pool) {
  const list = element("dl", "figures");
  const rows = [
    ["Staked", `${group(pool.votes * CFX_OF_A_VOTE)} CFX`],
    ["Votes", group(pool.votes)],
    ["Yield (APY)", percent(pool.apy)],
    ["Pool's fee", percent(10000n - pool.share)],
  ];
  for (const [name, value] of rows) {
    const row = element("div");
    row.append(element("dt", "", name), element("dd", "", value));
    list.append(row);
  }
  return list;
}

function place(address) {
  const place = element("div", "address");
  const copy = element("button", "", "Copy address");
  copy.type = "button";
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(address);
    copy.textContent = "Copied";
    setTimeout(() => (copy.textContent = "Copy address"), 1500);
  });
  place.append(element("code", "", address), copy);
  return place;
}

function trouble(error) {
  const place = document.getElementById("pools");
  const card = element("div", "trouble");
  card.append(element("p", "", "The chain cannot be read at the moment."), element("p", "kind", String(error.message ?? error)));
  place.replaceChildren(card);
  place.setAttribute("aria-busy", "false");
}

function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

// Hundredths of a percent.
function percent(points) {
  const whole = points / 100n;
  const rest = (points % 100n).toString().padStart(2, "0").replace(/0+$/, "");
  return `${group(whole)}${rest ? `.${rest}` : ""}%`;
}

function group(number) {
  return number.toLocaleString("en");
}

// A Core Space address in base32 (CIP-37), for a contract or an account of any network.
function base32(address, networkId) {
  const prefix = { 1029: "cfx", 1: "cfxtest" }[networkId] ?? `net${networkId}`;
  const payload = fives([0, ...address]);
  const letters = [...prefix].map((letter) => letter.charCodeAt(0) & 31);
  const sum = polymod([...letters, 0, ...payload, 0, 0, 0, 0, 0, 0, 0, 0]);
  const check = Array.from({ length: 8 }, (_, index) => Number((sum >> BigInt(5 * (7 - index))) & 31n));
  return `${prefix}:${[...payload, ...check].map((five) => ALPHABET[five]).join("")}`;
}

function fives(bytes) {
  const found = [];
  let [kept, bits] = [0, 0];
  for (const byte of bytes) {
    kept = (kept << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      found.push((kept >> bits) & 31);
    }
    kept &= (1 << bits) - 1;
  }
  if (bits > 0) found.push((kept << (5 - bits)) & 31);
  return found;
}

function polymod(values) {
  const steps = [0x98f2bc8e61n, 0x79b76d99e2n, 0xf33e5fb3c4n, 0xae2eabe2a8n, 0x1e4f43e470n];
  let sum = 1n;
  for (const value of values) {
    const top = sum >> 35n;
    sum = ((sum & 0x07ffffffffn) << 5n) ^ BigInt(value);
    steps.forEach((step, index) => {
      if ((top >> BigInt(index)) & 1n) sum ^= step;
    });
  }
  return sum ^ 1n;
}
