import { defineConfig, type OxlintConfig } from 'oxlint';

/** The layers of packages/stepwell/src, and what each may import besides itself (design: imports point inward). */
const layers: Record<string, string[]> = {
  model: [],
  replay: ['model'],
  policy: ['model'],
  store: ['model'],
  artifacts: ['model', 'store'],
  engine: ['model', 'replay', 'policy', 'store', 'artifacts'],
  workflow: ['model', 'replay', 'policy', 'store', 'artifacts', 'engine'],
  client: ['model', 'replay', 'policy', 'store', 'artifacts', 'engine', 'workflow'],
  testing: ['model', 'replay', 'policy', 'store', 'artifacts', 'engine', 'workflow', 'client'],
  // Of the others its types only: packages/stepwell/test/http-client/imports.test.ts.
  'http-client': ['model', 'store', 'artifacts', 'workflow', 'client'],
};

/** Layers that compute and nothing else: not even Node. */
const pure = ['model', 'replay', 'policy', 'store', 'http-client'];

/** Contents are hashed with `node:crypto`, which draws no random number for that. */
const hashing = ['artifacts'];

/**
 * Layers that must run under the simulator: time, randomness, ids and timers are handed to them.
 * The machine's own come in through one file, client/system.ts.
 */
const simulated = [...pure, 'artifacts', 'engine', 'workflow', 'client'];
const outermost = 'packages/stepwell/src/client/system.ts';
/** That of the HTTP client, which has no engine beneath it. */
const outside = 'packages/stepwell/src/http-client/outside.ts';

type Rules = NonNullable<OxlintConfig['rules']>;
type Ban = { regex: string; message: string };

/** Imports that leave a layer in the wrong direction. */
const forbidOutward = (layer: string): Ban[] => {
  const inward = layers[layer] ?? [];
  const outward = Object.keys(layers).filter((other) => other !== layer && !inward.includes(other));
  const outwardImport = {
    regex: `^(\\.\\./)+(${outward.join('|')})(/|\\.ts$)`,
    message: `${layer} may import only: ${[layer, ...inward].join(', ')}`,
  };
  const entryImport = {
    regex: '^(\\.\\./)+index\\.ts$',
    message: 'the entry of the package is for its users: import the file itself',
  };
  return outward.length > 0 ? [outwardImport, entryImport] : [entryImport];
};
/** Anything that is neither a file nor `node:*` (the regular expressions of oxlint have no look-ahead). */
const forbidPackages: Ban = {
  regex: '^([^.n]|n[^o]|no[^d]|nod[^e]|node[^:])',
  message: 'the library has no dependencies at run time',
};
const forbidNode: Ban = { regex: '^[^.]', message: 'this layer is pure: no node:* and no package' };
const forbidAmbientModules: Ban = {
  regex:
    '^(node:)?(child_process|console|crypto|os|perf_hooks|process|timers|timers/promises|worker_threads)$',
  message: 'time, randomness, ids and timers are handed in (client/system.ts)',
};
const forbidAmbientModulesButCrypto: Ban = {
  ...forbidAmbientModules,
  regex: forbidAmbientModules.regex.replace('|crypto', ''),
};

const restrictImports = (...patterns: Ban[]): Rules => ({ 'no-restricted-imports': ['error', { patterns }] });

const ambientGlobals = [
  ...['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate'],
  ...['performance', 'crypto', 'process', 'console', 'globalThis', 'global'],
];
const forbidAmbient: Rules = {
  'house/no-ambient-date': 'error',
  'no-restricted-globals': [
    'error',
    ...ambientGlobals.map((name) => ({ name, message: 'it is handed in (client/system.ts)' })),
  ],
  'no-restricted-properties': [
    'error',
    { object: 'Date', property: 'now', message: 'the clock is handed in (client/system.ts)' },
    { object: 'Math', property: 'random', message: 'randomness is handed in (client/system.ts)' },
    { object: 'AbortSignal', property: 'timeout', message: 'timers are handed in (client/system.ts)' },
  ],
};

export default defineConfig({
  options: { typeAware: true, denyWarnings: true },
  plugins: ['eslint', 'typescript', 'unicorn', 'oxc', 'import', 'promise', 'node', 'vitest'],
  jsPlugins: ['./scripts/ambient-date.ts'],
  categories: { correctness: 'error', suspicious: 'error' },
  ignorePatterns: ['**/dist', '**/node_modules', 'packages/dashboard'],
  rules: {
    // A promise that nobody waits for is the classic fault of an engine like this one.
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/await-thenable': 'error',
    'typescript/return-await': ['error', 'in-try-catch'],
    'typescript/only-throw-error': 'error',
    'typescript/prefer-promise-reject-errors': 'error',
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'typescript/no-explicit-any': 'error',
    // Also forbids import('…') in types, which the import rules below would not see.
    'typescript/consistent-type-imports': 'error',
    'import/no-cycle': 'error',
    eqeqeq: 'error',
    'prefer-const': 'error',
    'no-unused-vars': ['error', { ignoreRestSiblings: true, argsIgnorePattern: '^_' }],

    // Journals and rows are JSON: their types are asserted where they are read.
    'typescript/no-unsafe-type-assertion': 'off',
    // tsc checks it (noImplicitReturns).
    'typescript/consistent-return': 'off',
    // Matters of taste that would make the code longer.
    'typescript/no-unnecessary-type-arguments': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'unicorn/no-useless-spread': 'off',
    'promise/always-return': 'off',
    'no-shadow': 'off',
    'no-underscore-dangle': 'off',
  },
  overrides: [
    { files: ['packages/stepwell/src/*.ts'], rules: restrictImports(forbidPackages) },
    ...Object.keys(layers).map((layer) => ({
      files: [`packages/stepwell/src/${layer}/**`],
      rules: restrictImports(
        ...forbidOutward(layer),
        pure.includes(layer) ? forbidNode : forbidPackages,
        ...(simulated.includes(layer) && !pure.includes(layer)
          ? [hashing.includes(layer) ? forbidAmbientModulesButCrypto : forbidAmbientModules]
          : []),
      ),
    })),
    { files: simulated.map((layer) => `packages/stepwell/src/${layer}/**`), rules: forbidAmbient },
    {
      // A database file: what this store uses of Node (node:sqlite, node:fs) is nothing that a simulator replaces.
      files: ['packages/stepwell/src/store/sqlite/**'],
      rules: restrictImports(...forbidOutward('store'), forbidPackages, forbidAmbientModules),
    },
    {
      files: [outermost, outside],
      rules: {
        ...restrictImports(...forbidOutward('client'), forbidPackages),
        'house/no-ambient-date': 'off',
        'no-restricted-globals': 'off',
        'no-restricted-properties': 'off',
      },
    },
    {
      files: ['packages/postgres/src/**', 'packages/artifacts/src/**', 'packages/server/src/**'],
      rules: restrictImports(
        { regex: '^@stepwell/', message: 'only the cli puts store, engine and server together' },
        { regex: '^(\\.\\./)+(stepwell|server|postgres|cli)/', message: 'import a package by its name' },
      ),
    },
  ],
});
