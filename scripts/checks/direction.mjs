// Dependencies point one way: sync knows nobody, server/store knows sync, the SQL crates know server/store,
// the server names a backend in one place, and nothing knows the tests.

import { cargoMetadata, projectFiles, read, report } from "./project.mjs";

const MAY_USE = {
  "mpp-sync": [],
  "mpp-sync-wasm": ["mpp-sync"],
  "mpp-store": ["mpp-sync"],
  "mpp-store-sqlite": ["mpp-store", "mpp-sync"],
  "mpp-store-postgres": ["mpp-store", "mpp-sync"],
  "mpp-server": ["mpp-store", "mpp-store-sqlite", "mpp-store-postgres", "mpp-sync"],
  "mpp-simulation": ["mpp-server", "mpp-store", "mpp-sync"],
  "mpp-tests": ["mpp-server", "mpp-store", "mpp-store-sqlite", "mpp-store-postgres", "mpp-sync"],
};

// Packages that would bring I/O, a clock, dice or an async runtime into the core, directly or through others.
const NEVER_UNDER_SYNC = [
  "tokio", "async-std", "smol", "futures", "futures-util", "sqlx", "rusqlite", "axum", "hyper", "reqwest",
  "mio", "socket2", "chrono", "time", "wasm-bindgen", "js-sys", "web-sys",
];
// Automerge brings its own; the core may not ask for it.
const NEVER_IN_SYNC_MANIFEST = ["getrandom", "rand", "uuid", "tempfile"];

const findings = [];
const metadata = cargoMetadata();
const byId = new Map(metadata.packages.map((one) => [one.id, one]));
const nodes = new Map(metadata.resolve.nodes.map((node) => [node.id, node]));
const ours = metadata.packages.filter((one) => metadata.workspace_members.includes(one.id));
const ourNames = new Set(ours.map((one) => one.name));

for (const crate of ours) {
  const allowed = MAY_USE[crate.name];
  if (allowed === undefined) {
    findings.push(`${crate.name}: not in the list of scripts/checks/direction.mjs; say there what it may use`);
    continue;
  }
  for (const { name } of crate.dependencies) {
    // A crate's tests may name the crate itself, to switch on what only tests need.
    if (ourNames.has(name) && name !== crate.name && !allowed.includes(name)) findings.push(`${crate.name} may not depend on ${name}`);
    if (name === "sqlx" && !crate.name.startsWith("mpp-store-")) {
      findings.push(`${crate.name} depends on sqlx: SQL belongs to the store crates`);
    }
  }
}

const sync = ours.find((one) => one.name === "mpp-sync");
for (const { name, kind } of sync.dependencies) {
  if (kind === null && NEVER_IN_SYNC_MANIFEST.includes(name)) {
    findings.push(`mpp-sync depends on ${name}: randomness and files are passed in`);
  }
}
for (const name of reachedFrom(sync.id)) {
  if (NEVER_UNDER_SYNC.includes(name)) findings.push(`mpp-sync reaches ${name} through its dependencies`);
}

const backendNames = projectFiles().filter(
  (path) => path.startsWith("server/src/") && path.endsWith(".rs") && /\bmpp_store_(sqlite|postgres)\b/.test(read(path)),
);
if (backendNames.length > 1) {
  findings.push(`the server names a store backend in more than one file: ${backendNames.join(", ")}`);
}

report([...findings, ...uncommentedDependencies()]);

/** Names of all packages that a crate links on some target, without what only builds or tests use. */
function reachedFrom(root) {
  const seen = new Set();
  const queue = [root];
  while (queue.length > 0) {
    const id = queue.pop();
    for (const { pkg, dep_kinds: kinds } of nodes.get(id).deps) {
      if (seen.has(pkg) || !kinds.some(({ kind }) => kind === null)) continue;
      seen.add(pkg);
      queue.push(pkg);
    }
  }
  return [...seen].map((id) => byId.get(id).name);
}

/** Every line under [workspace.dependencies] says what it is for: its own comment, or that of its pair. */
function uncommentedDependencies() {
  const section = read("Cargo.toml").split(/^\[workspace\.dependencies\]$/m)[1]?.split(/^\[/m)[0] ?? "";
  const missing = [];
  let underOneComment = 3;
  for (const line of section.split("\n")) {
    if (line.startsWith("#")) underOneComment = 0;
    const name = /^([\w-]+)\s*=/.exec(line)?.[1];
    if (name === undefined || /\bpath = "/.test(line)) continue;
    underOneComment += 1;
    if (underOneComment > 2) missing.push(`Cargo.toml: ${name} has no comment saying what it is for`);
  }
  return missing;
}
