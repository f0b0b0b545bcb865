// Ends with 0 when the packages in FOLDER/node_modules are those of FOLDER/package-lock.json.
// Called as: installed.mjs FOLDER

import { existsSync, readFileSync } from "node:fs";

const folder = process.argv[2];
const installed = `${folder}/node_modules/.package-lock.json`;
const packages = (path) => JSON.parse(readFileSync(path, "utf8")).packages;

const wanted = Object.entries(packages(`${folder}/package-lock.json`));
const found = existsSync(installed) ? packages(installed) : {};
// Optional packages are those of other machines; extraneous ones are never installed.
const same = wanted.every(
  ([path, one]) =>
    path === "" || one.optional === true || one.extraneous === true || found[path]?.integrity === one.integrity,
);
process.exit(same ? 0 : 1);
