// Lint rules. Beside the usual ones they enforce the one-way data flow of ARCHITECTURE:
// one folder touches IndexedDB, one calls fetch, one runs the sync core; screens call actions.
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

const NETWORK = ['fetch', 'XMLHttpRequest', 'WebSocket', 'EventSource'].map((name) => ({
  name,
  message: 'Only src/api talks to the network. Add a function there and call it.',
}));
const STORAGE = ['indexedDB', 'IDBKeyRange', 'IDBDatabase'].map((name) => ({
  name,
  message: 'Only src/db touches IndexedDB. Add a function there and call it.',
}));
const CORE = ['WebAssembly', 'Worker', 'SharedWorker'].map((name) => ({
  name,
  message: 'Only src/core runs the sync core and its worker. Call src/core instead.',
}));

const IDB_IMPORT = {
  group: ['idb', 'idb/*'],
  message: 'Only src/db imports idb. Add a function there and call it.',
};
const CORE_IMPORT = {
  group: ['**/*.wasm', '**/*.wasm?*', '**/*?worker', '**/*?worker&*', '**/core/worker/*'],
  message: 'Only src/core loads the wasm and the worker. Call src/core instead.',
};
/** Screens compose; what they may lean on is short. */
const UI_LAYERS = {
  group: ['api', 'db', 'core', 'outbox', 'doc', 'sw', 'entry', 'form'].flatMap((layer) => [
    `**/${layer}`,
    `**/${layer}/**`,
  ]),
  message: 'ui imports only actions, sync/status, i18n, ui/shared and lib. Write an action.',
};
const UI_SYNC = {
  regex: '/sync/(?!status)',
  message: 'ui reads sync/status and nothing else of sync. Write an action.',
};

/** A door never imports another door: residents must not download the officers' code. */
const doors = (...others) => ({
  group: others.flatMap((door) => [
    `**/ui/${door}/**`,
    `**/${door}/*.svelte`,
    `**/actions/${door}/**`,
    `**/i18n/${door}*`,
  ]),
  message: 'A door imports nothing of another door; move what is common to ui/shared.',
});
const imports = (...patterns) => ({ 'no-restricted-imports': ['error', { patterns }] });
const restrictedGlobals = (...names) => ({ 'no-restricted-globals': ['error', ...names] });

export default ts.config(
  { ignores: ['dist/', 'node_modules/', 'public/'] },
  ts.configs.strictTypeChecked,
  ts.configs.stylisticTypeChecked,
  svelte.configs.recommended,
  {
    languageOptions: {
      globals: { ...globals.browser },
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js'] },
        tsconfigRootDir: import.meta.dirname,
        extraFileExtensions: ['.svelte'],
      },
    },
    rules: {
      // Numbers in template strings are how sentences get their counts.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // A leading underscore is how a value is left out of a copy: `const { cut: _cut, ...rest }`.
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      'no-console': 'error',
      eqeqeq: 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: true }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
    // A hash link needs no resolve(): the doors route by hash, without SvelteKit.
    rules: {
      'svelte/no-navigation-without-resolve': 'off',
      // State here is replaced, never mutated; the plain classes are enough.
      'svelte/prefer-svelte-reactivity': 'off',
    },
  },
  {
    files: ['**/*.svelte'],
    rules: {
      // svelte-check knows the types of component props and snippets; this parser does not.
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['**/*.test.ts'],
    rules: { 'max-lines-per-function': 'off', '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['src/**/*.{ts,svelte}'],
    rules: {
      ...imports(IDB_IMPORT, CORE_IMPORT),
      ...restrictedGlobals(...NETWORK, ...STORAGE, ...CORE),
      'no-restricted-properties': [
        'error',
        ...['window', 'globalThis', 'self'].flatMap((object) =>
          [...NETWORK, ...STORAGE, ...CORE].map(({ name, message }) => ({
            object,
            property: name,
            message,
          })),
        ),
        { object: 'navigator', property: 'sendBeacon', message: NETWORK[0].message },
      ],
    },
  },
  {
    files: ['src/db/**/*.ts'],
    rules: { ...imports(CORE_IMPORT), ...restrictedGlobals(...NETWORK, ...CORE) },
  },
  {
    files: ['src/api/**/*.ts'],
    rules: { ...restrictedGlobals(...STORAGE, ...CORE) },
  },
  {
    files: ['src/core/**/*.ts'],
    rules: {
      ...imports(IDB_IMPORT),
      // The worker fetches the wasm file, its own code; it talks to nobody else.
      ...restrictedGlobals(...STORAGE),
    },
  },
  {
    // What tests build a tablet from; no door imports it.
    files: ['src/testing/**/*.ts'],
    rules: { 'no-restricted-imports': 'off', 'no-restricted-globals': 'off' },
  },
  {
    files: ['src/ui/**/*.{ts,svelte}'],
    rules: imports(IDB_IMPORT, CORE_IMPORT, UI_LAYERS, UI_SYNC),
  },
  {
    files: ['src/ui/resident/**'],
    rules: imports(IDB_IMPORT, CORE_IMPORT, UI_LAYERS, UI_SYNC, doors('field', 'office')),
  },
  {
    files: ['src/ui/office/**'],
    rules: imports(IDB_IMPORT, CORE_IMPORT, UI_LAYERS, UI_SYNC, doors('field', 'resident')),
  },
  {
    files: ['src/ui/field/**'],
    rules: imports(IDB_IMPORT, CORE_IMPORT, UI_LAYERS, UI_SYNC, doors('resident', 'office')),
  },
  {
    files: ['src/ui/shared/**'],
    rules: imports(IDB_IMPORT, CORE_IMPORT, UI_LAYERS, UI_SYNC, doors('field', 'resident', 'office')),
  },
  {
    files: ['build/**/*.mjs', '*.js'],
    extends: [ts.configs.disableTypeChecked],
    languageOptions: { globals: { ...globals.node } },
    rules: { 'no-console': 'off' },
  },
);
