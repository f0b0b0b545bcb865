// Every package that is shipped has a licence from the list in deny.toml: crates and npm packages.

import { cargoMetadata, projectFiles, read, report } from "./project.mjs";

const allowed = new Set(
  [...(/^allow = \[([^\]]*)\]/m.exec(read("deny.toml"))?.[1] ?? "").matchAll(/"([^"]+)"/g)].map((match) => match[1]),
);

/** Whether an SPDX expression can be satisfied with the list. `/` is how old crates write OR. */
function satisfied(expression) {
  const tokens = expression.replaceAll("/", " OR ").match(/\(|\)|[^\s()]+/g) ?? [];
  let at = 0;
  const atom = () => {
    if (tokens[at] === "(") {
      at += 1;
      const inner = either();
      at += 1;
      return inner;
    }
    let name = tokens[at++];
    if (tokens[at] === "WITH") {
      name = `${name} WITH ${tokens[at + 1]}`;
      at += 2;
    }
    return allowed.has(name);
  };
  const both = () => {
    let result = atom();
    while (tokens[at] === "AND") {
      at += 1;
      result = atom() && result;
    }
    return result;
  };
  const either = () => {
    let result = both();
    while (tokens[at] === "OR") {
      at += 1;
      result = both() || result;
    }
    return result;
  };
  return tokens.length > 0 && either() && at === tokens.length;
}

const findings = cargoMetadata()
  .packages.filter((one) => !satisfied(one.license ?? ""))
  .map((one) => `crate ${one.name} ${one.version}: licence ${one.license ?? "not stated"} is not in deny.toml`);

for (const lock of projectFiles().filter((path) => path.endsWith("package-lock.json"))) {
  for (const [path, one] of Object.entries(JSON.parse(read(lock)).packages)) {
    if (path === "" || one.dev === true || one.link === true) continue;
    if (!satisfied(one.license ?? "")) {
      findings.push(`${lock}: ${path}: licence ${one.license ?? "not stated"} is not in deny.toml`);
    }
  }
}

report(findings);
