// Builds the page: hashed assets, and the configuration compiled in if there is one.
//
// - Reads: src/, and pool.config.js where pospool put one.
// - Writes: build/, or the folder that is named as an argument.
// - Never: needs a package.

const { createHash } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");

const source = path.join(__dirname, "src");
const target = path.resolve(process.argv[2] ?? path.join(__dirname, "build"));
const config = path.join(__dirname, "pool.config.js");

fs.rmSync(target, { recursive: true, force: true });
fs.mkdirSync(path.join(target, "static"), { recursive: true });

let page = fs.readFileSync(path.join(source, "index.html"), "utf8");
let script = fs.readFileSync(path.join(source, "page.js"), "utf8");
if (fs.existsSync(config)) {
  // Without one the page asks for pool.config.json when it is opened.
  script = `window.poolConfig = ${JSON.stringify(require(config))};\n${script}`;
}
page = page
  .replace("page.css", asset("page", "css", fs.readFileSync(path.join(source, "page.css"), "utf8")))
  .replace("page.js", asset("page", "js", script));
fs.writeFileSync(path.join(target, "index.html"), page);
fs.copyFileSync(path.join(source, "mark.svg"), path.join(target, "mark.svg"));
console.log(`built ${target}`);

function asset(name, extension, text) {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 12);
  const file = `static/${name}.${hash}.${extension}`;
  fs.writeFileSync(path.join(target, file), text);
  return `/${file}`;
}
