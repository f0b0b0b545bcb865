// Which built files belong to which door, read from Vite's manifest.
import { readdirSync } from 'node:fs';

/** Files of `public/` a door needs to be installed and to start without a network. */
const PUBLIC_FILES = {
  resident: ['manifest.webmanifest', 'icons/icon.svg', 'icons/icon-192.png'],
  field: ['petugas/manifest.webmanifest', 'icons/field.svg', 'icons/field-192.png'],
  office: ['icons/icon.svg'],
};

/** @returns {Set<string>} every file the entry `key` can reach, itself included */
function reach(manifest, key, seen = new Set()) {
  const chunk = manifest[key];
  if (chunk === undefined || seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const file of [...(chunk.css ?? []), ...(chunk.assets ?? [])]) seen.add(file);
  for (const next of [...(chunk.imports ?? []), ...(chunk.dynamicImports ?? [])]) {
    reach(manifest, next, seen);
  }
  return seen;
}

/**
 * Paths below `dist`, per door. Workers and the wasm file are not in Vite's manifest as imports;
 * only the officers' door has any, so whatever no other door reaches is theirs.
 */
export function doorFiles(manifest) {
  const resident = reach(manifest, 'index.html');
  const office = reach(manifest, 'kantor/index.html');
  const field = reach(manifest, 'petugas/index.html');
  for (const name of readdirSync('dist/assets')) {
    const file = `assets/${name}`;
    if (!resident.has(file) && !office.has(file)) field.add(file);
  }
  const files = (door, html, reached) => [html, ...PUBLIC_FILES[door], ...reached].sort();
  return {
    resident: files('resident', 'index.html', resident),
    field: files('field', 'petugas/index.html', field),
    office: files('office', 'kantor/index.html', office),
  };
}
