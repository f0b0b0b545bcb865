// What the checks share: the files of the project, and how a check reports.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Paths of everything that is or would be committed, relative to the root, without deleted files. */
export function projectFiles() {
  const list = (...options) =>
    execFileSync("git", ["ls-files", "-z", ...options], { encoding: "utf8", maxBuffer: 64e6 }).split("\0");
  const deleted = new Set(list("--deleted"));
  const files = [...list("--cached"), ...list("--others", "--exclude-standard")];
  return [...new Set(files)].filter((path) => path !== "" && !deleted.has(path)).sort();
}

export const read = (path) => readFileSync(path, "utf8");

/** The parsed answer of `cargo metadata`: packages, and what each resolved to. */
export function cargoMetadata() {
  const output = execFileSync("cargo", ["metadata", "--format-version", "1", "--locked"], {
    encoding: "utf8",
    maxBuffer: 256e6,
    stdio: ["ignore", "pipe", "inherit"],
  });
  return JSON.parse(output);
}

/** Prints what was found and ends the process: 0 when nothing was. */
export function report(findings) {
  for (const finding of findings) console.error(finding);
  process.exit(findings.length === 0 ? 0 : 1);
}
