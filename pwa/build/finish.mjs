// What comes after `vite build`: the two service workers, the size limit, the compressed copies.
import { readFileSync, rmSync } from 'node:fs';
import { compressAll } from './compress.mjs';
import { doorFiles } from './doors.mjs';
import { reportSizes } from './sizes.mjs';
import { buildServiceWorker } from './service-worker.mjs';

const manifest = JSON.parse(readFileSync('dist/.vite/manifest.json', 'utf8'));
rmSync('dist/.vite', { recursive: true });

const doors = doorFiles(manifest);
await buildServiceWorker('src/sw/resident.ts', 'dist/sw.js', doors.resident);
await buildServiceWorker('src/sw/field.ts', 'dist/petugas/sw.js', doors.field);
compressAll('dist');
reportSizes({ ...doors, resident: [...doors.resident, 'sw.js'], field: [...doors.field, 'petugas/sw.js'] });
