// Bundles one service worker and writes the list of what it precaches into it.
import { rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { build } from 'vite';
import { injectManifest } from 'workbox-build';

/** Above this the wasm or a forgotten picture has grown; better to be told than to skip it. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/**
 * @param {string} source TypeScript entry below `src/sw`
 * @param {string} target file below `dist`
 * @param {string[]} files paths below `dist` to keep on the device
 */
export async function buildServiceWorker(source, target, files) {
  const scratch = join('node_modules/.cache/mpp-sw', basename(source, '.ts'));
  await build({
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      outDir: scratch,
      emptyOutDir: true,
      // A classic script: module service workers are not needed and not everywhere.
      lib: { entry: source, formats: ['iife'], name: 'sw', fileName: () => 'sw.js' },
      modulePreload: false,
    },
  });
  const { count, warnings } = await injectManifest({
    swSrc: join(scratch, 'sw.js'),
    swDest: target,
    globDirectory: 'dist',
    globPatterns: files,
    // Absolute, because a worker in a folder would read them as being below its folder.
    modifyURLPrefix: { '': '/' },
    // Hashed names never change their content; the others get a revision.
    dontCacheBustURLsMatching: /^\/assets\//,
    maximumFileSizeToCacheInBytes: MAX_FILE_BYTES,
  });
  rmSync(scratch, { recursive: true });
  if (warnings.length > 0 || count !== files.length) {
    throw new Error(`${dirname(target)}: precached ${count} of ${files.length} files. ${warnings.join(' ')}`);
  }
}
