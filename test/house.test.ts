// Proves that the linter guards the house: each wrong import and each banned global is written into a scratch copy
// of the folder tree, linted with the real configuration, and must be refused; what is allowed must pass.

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const library = 'packages/stepwell/src';

/** Written out by hand, not taken from the configuration: this is the other witness. */
const mayImport = {
  model: [],
  replay: ['model'],
  policy: ['model'],
  store: ['model'],
  artifacts: ['model', 'store'],
  engine: ['model', 'replay', 'policy', 'store', 'artifacts'],
  workflow: ['model', 'replay', 'policy', 'store', 'artifacts', 'engine'],
  client: ['model', 'replay', 'policy', 'store', 'artifacts', 'engine', 'workflow'],
  testing: ['model', 'replay', 'policy', 'store', 'artifacts', 'engine', 'workflow', 'client'],
  'http-client': ['model', 'store', 'artifacts', 'workflow', 'client'],
} satisfies Record<string, string[]>;

const layers = Object.keys(mayImport) as (keyof typeof mayImport)[];
const pure = ['model', 'replay', 'policy', 'store', 'http-client'];
const simulated = [...pure, 'artifacts', 'engine', 'workflow', 'client'];

const outermost = ['client/system.ts', 'http-client/outside.ts'];

const ambient = [
  'Date.now()',
  'new Date()',
  'Date()',
  'Math.random()',
  'setTimeout(f, 1)',
  'setInterval(f, 1)',
  'setImmediate(f)',
  'performance.now()',
  'crypto.randomUUID()',
  'process.hrtime()',
  'console.log(1)',
  'globalThis.setTimeout(f, 1)',
  'AbortSignal.timeout(1)',
];

type Case = { folder: string; file: string; source: string; refused: boolean };
const cases: Case[] = [];
const may = (folder: string, source: string) => add(folder, source, false);
const mayNot = (folder: string, source: string) => add(folder, source, true);
function add(folder: string, source: string, refused: boolean) {
  cases.push({ folder, file: `${folder}/case-${cases.length}.ts`, source, refused });
}

for (const layer of layers) {
  const folder = `${library}/${layer}`;
  for (const other of layers.filter((other) => other !== layer)) {
    const say = (mayImport[layer] as string[]).includes(other) ? may : mayNot;
    say(folder, `export { x } from '../${other}/x.ts';`);
    say(folder, `export const y = await import('../${other}/x.ts');`);
    say(`${folder}/deep`, `import { x } from '../../${other}/x.ts'; export const y = x;`);
  }
  may(folder, `export { x } from './x.ts';`);
  mayNot(folder, `export { x } from '../index.ts';`);
  mayNot(folder, `export { z } from 'zod';`);
  mayNot(folder, `export { Stepwell } from 'stepwell';`);
  (pure.includes(layer) ? mayNot : may)(folder, `export { join } from 'node:path';`);
}

for (const layer of simulated) {
  const folder = `${library}/${layer}`;
  for (const use of ambient) mayNot(folder, `export const y = (f: () => void) => [f, ${use}];`);
  may(folder, 'export const y = (ms: number) => new Date(ms).toISOString();');
  mayNot(folder, `export { setTimeout } from 'node:timers/promises';`);
  (layer === 'artifacts' ? may : mayNot)(folder, `export { createHash } from 'node:crypto';`);
}

may(`${library}/store/sqlite`, `export { DatabaseSync } from 'node:sqlite';`);
may(`${library}/store/sqlite`, `export { existsSync } from 'node:fs';`);
mayNot(`${library}/store/sqlite`, `export { x } from '../../engine/x.ts';`);
mayNot(`${library}/store/sqlite`, `export { randomUUID } from 'node:crypto';`);
mayNot(`${library}/store/sqlite`, 'export const y = Date.now();');
mayNot(`${library}/store/memory`, `export { DatabaseSync } from 'node:sqlite';`);

may('packages/server/src', `export { x } from 'stepwell';`);
mayNot('packages/server/src', `export { x } from '@stepwell/cli';`);
mayNot('packages/server/src', `export { x } from '../../stepwell/src/model/x.ts';`);
mayNot('packages/postgres/src', `export { x } from '@stepwell/server';`);
mayNot('packages/artifacts/src', `export { x } from '@stepwell/server';`);
may('packages/artifacts/src', `export { x } from 'stepwell/engine';`);
may('packages/cli/src', `export { x } from '@stepwell/server';`);

// Rules that need types.
const wait = 'async function wait(): Promise<boolean> { return true; }';
may('packages/server/src', `${wait} export const g = async () => { await wait(); };`);
mayNot('packages/server/src', `${wait} export const g = () => { wait(); };`);
mayNot('packages/server/src', `${wait} export const g = () => (wait() ? 1 : 2);`);
mayNot('packages/server/src', 'export const g = async () => { await 1; };');

const house = mkdtempSync(join(tmpdir(), 'stepwell-house-'));
const refused = new Set<string>();

beforeAll(() => {
  for (const file of ['oxlint.config.ts', 'tsconfig.json', 'package.json', 'scripts']) {
    cpSync(join(root, file), join(house, file), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(house, 'node_modules'));
  for (const { file, source } of cases) {
    mkdirSync(dirname(join(house, file)), { recursive: true });
    writeFileSync(join(house, file), `${source}\n`);
  }
  // The files that may touch the machine.
  for (const file of outermost)
    writeFileSync(join(house, library, file), 'export const now = () => Date.now();\n');

  const { stdout, stderr } = spawnSync('oxlint', ['--format=json', 'packages'], {
    cwd: house,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (!stdout.startsWith('{')) throw new Error(`oxlint did not run: ${stdout}${stderr}`);
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { filename: string }[] };
  for (const { filename } of diagnostics) refused.add(filename);
});

afterAll(() => rmSync(house, { recursive: true, force: true }));

test.each([...new Set(cases.map(({ folder }) => folder))])('the linter guards %s', (folder) => {
  const misjudged = cases.filter((one) => one.folder === folder && one.refused !== refused.has(one.file));
  expect(misjudged).toEqual([]);
});

test.each(outermost)('%s may touch the machine', (file) => {
  expect(refused.has(`${library}/${file}`)).toBe(false);
});
