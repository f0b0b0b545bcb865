// What no compiler looks at: skipped tests, unfinished work, silenced lints, SQL in the wrong place, files that
// grew too long, migrations that differ, shell scripts that do not parse, addresses of a private machine.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { extname } from "node:path";
import { projectFiles, read, report } from "./project.mjs";

/** A file over this many lines is split. From 400 on it deserves a hard look. */
const TOO_LONG = 600;
const SOURCE = new Set([".rs", ".ts", ".js", ".mjs", ".svelte", ".css", ".sql", ".sh", ".html"]);

const RULES = [
  { what: "a skipped or single test", in: [".ts", ".js", ".mjs"], pattern: /\b(test|it|describe|suite)(\.\w+)*\.(skip|only|fixme|todo|skipIf|runIf)\b/ },
  { what: "an ignored test", in: [".rs"], pattern: /#\[ignore\b/ },
  { what: "unfinished work", in: [...SOURCE], pattern: /\b(TODO|FIXME|XXX|HACK)\b|\b(todo|unimplemented)!\(/ },
  { what: "a lint silenced without #[expect(.., reason)]", in: [".rs"], pattern: /#!?\[allow\(/ },
  { what: "an expectation without a reason", in: [".rs"], pattern: /#!?\[expect\((?![^\]]*reason)[^\]]*\]/ },
  { what: "a type error silenced", in: [".ts", ".svelte"], pattern: /@ts-(ignore|nocheck)\b/ },
  { what: "a lint silenced without a reason after --", in: [".ts", ".js", ".mjs", ".svelte"], pattern: /eslint-disable(?!.* -- )/ },
  {
    what: "SQL outside of the store crates and migrations",
    in: [".rs", ".ts", ".svelte"],
    not: /^server\/store-/,
    pattern: /\b(SELECT\s[\s\S]{1,200}?\sFROM|INSERT\s+(OR \w+ )?INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+(TABLE|INDEX))\s|\bsqlx::/,
  },
  { what: "the address of one registry", in: [".json"], only: /package-lock\.json$/, pattern: /"resolved": "https?:/ },
];

const findings = [];
const files = projectFiles();

for (const path of files) {
  const kind = extname(path);
  const isScript = kind === "" && /^(scripts|\.ci)\//.test(path);
  if (!SOURCE.has(kind) && !isScript && kind !== ".json") continue;
  // This folder holds the patterns themselves.
  if (path.startsWith("scripts/checks/")) continue;
  const text = read(path);
  if (kind !== ".json" && text.split("\n").length > TOO_LONG + 1) {
    findings.push(`${path}: ${text.split("\n").length - 1} lines; split it (the limit is ${TOO_LONG})`);
  }
  for (const rule of RULES) {
    if (!rule.in.includes(kind) || rule.not?.test(path) || (rule.only && !rule.only.test(path))) continue;
    const match = rule.pattern.exec(text);
    if (match) findings.push(`${path}:${text.slice(0, match.index).split("\n").length}: ${rule.what}`);
  }
  if ((isScript && text.startsWith("#!/usr/bin/env bash")) || kind === ".sh") {
    const { status, stderr } = spawnSync("bash", ["-n", path], { encoding: "utf8" });
    if (status !== 0) findings.push(`${path}: ${stderr.trim()}`);
  }
}

report([...findings, ...differentMigrations()]);

/** Both databases have the same migrations, in the same order. */
function differentMigrations() {
  const names = (folder) =>
    existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".sql")).sort() : [];
  const [sqlite, postgres] = [names("migrations/sqlite"), names("migrations/postgres")];
  return [
    ...sqlite.filter((name) => !postgres.includes(name)).map((name) => `migrations/postgres/${name} is missing`),
    ...postgres.filter((name) => !sqlite.includes(name)).map((name) => `migrations/sqlite/${name} is missing`),
  ];
}
