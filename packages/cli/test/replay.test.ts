import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '@stepwell/server';
import { Stepwell } from 'stepwell';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import * as changed from './replayed-workflows-changed.ts';
import { long } from './replayed-workflows-long.ts';
import { approval, parcel } from './replayed-workflows.ts';
import { stepwell } from './stepwell.ts';

const SAME = join(import.meta.dirname, 'replayed-workflows.ts');
const CHANGED = join(import.meta.dirname, 'replayed-workflows-changed.ts');
const LONG = join(import.meta.dirname, 'replayed-workflows-long.ts');
const WORKFLOWS = [parcel, approval];

let folder: string;
let store: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'stepwell-replay-')));
  store = `sqlite:${join(folder, 'runs.db')}`;
});

afterEach(() => rmSync(folder, { recursive: true }));

/** An engine with 3 parcels, 2 express parcels and an approval that wait, and a parcel that has ended. */
async function populated(): Promise<Stepwell> {
  const well = await Stepwell.open({ store, workflows: WORKFLOWS });
  for (const [index, express] of [false, false, false, true, true].entries())
    await well.start(parcel, { express }, { id: `p${index + 1}` });
  await well.start(approval, undefined, { id: 'a1' });
  await well.start(parcel, { express: false }, { id: 'done' });
  await well.raiseEvent('done', 'collected');
  await well.result('done');
  for (const id of ['p1', 'p2', 'p3', 'p4', 'p5', 'a1'])
    await expect.poll(async () => (await well.get(id)).status).toBe('waiting');
  return well;
}

const lines = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('an exported run holds its journal exactly as it was written, also while the engine has the file', async () => {
  await using well = await populated();
  const file = join(folder, 'p4.json');
  const exported = await stepwell(['export', 'p4', '--store', store, '--out', file, '--json']);
  expect(exported).toMatchObject({ code: 0, stderr: '' });
  expect(lines(exported.stdout)).toEqual([{ run: 'p4', file, commits: expect.any(Number) }]);
  const { key } = (await well.parts.store.get('default', 'p4'))!;
  const [stored] = await well.parts.store.dump(key - 1, 1);
  const written = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  expect(written).toMatchObject(JSON.parse(JSON.stringify(stored)) as object);
  expect(written['journal']).toEqual(stored!.journal);
  expect((await well.get('p4')).status).toBe('waiting');

  const toStdout = await stepwell(['export', 'p4', 'a1', '--store', store]);
  expect(lines(toStdout.stdout).map(({ run }) => (run as { id: string }).id)).toEqual(['p4', 'a1']);
});

test('filters export many runs, into a file or into a folder of files', async () => {
  await using well = await populated();
  expect(await well.counts()).toEqual({ waiting: 6, succeeded: 1 });
  const filters = ['--workflow', 'parcel', '--status', 'waiting,succeeded', '--store', store];
  const file = join(folder, 'parcels.jsonl');
  expect(await stepwell(['export', ...filters, '--out', file])).toMatchObject({ code: 0 });
  expect(lines(readFileSync(file, 'utf8'))).toHaveLength(6);
  const into = join(folder, 'parcels/');
  expect(await stepwell(['export', ...filters, '--out', into])).toMatchObject({ code: 0 });
  const names = ['done.json', 'p1.json', 'p2.json', 'p3.json', 'p4.json', 'p5.json'];
  expect(readdirSync(into).toSorted()).toEqual(names);
  const replayed = await stepwell(['replay', into, file, '--workflows', SAME, '--json']);
  expect(replayed).toMatchObject({ code: 0, stderr: '' });
  expect(lines(replayed.stdout)).toHaveLength(12);
  expect(lines(replayed.stdout).every(({ fits }) => fits === true)).toBe(true);
});

test('ids that cannot be the names of files are written all the same', async () => {
  const ids = ['../up', 'a/b', '..', 'long '.repeat(40).trim(), '注文 1'];
  {
    await using well = await Stepwell.open({ store, workflows: WORKFLOWS, worker: false });
    for (const id of ids) await well.start(parcel, { express: false }, { id });
  }
  const into = join(folder, 'deep/er/');
  expect(await stepwell(['export', ...ids, '--store', store, '--out', into])).toMatchObject({ code: 0 });
  const found = readdirSync(into).map(
    (name) => JSON.parse(readFileSync(join(into, name), 'utf8')) as { run: { id: string } },
  );
  expect(found.map(({ run }) => run.id).toSorted()).toEqual(ids.toSorted());
  expect(readdirSync(folder)).not.toContain('up.json');
});

test('what a server tells of a run can be replayed, and not imported', async () => {
  await using well = await populated();
  const server = await serve(well, { port: 0 });
  onTestFinished(() => server.close());
  const file = join(folder, 'p4.json');
  expect(await stepwell(['export', 'p4', '--server', server.url, '--out', file])).toMatchObject({ code: 0 });
  expect(await stepwell(['replay', file, '--workflows', SAME])).toMatchObject({ code: 0 });
  expect(await stepwell(['replay', file, '--workflows', CHANGED])).toMatchObject({ code: 1 });
  const other = `sqlite:${join(folder, 'other.db')}`;
  const refused = await stepwell(['import', file, '--store', other, '--json']);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain('EXPORT_INVALID');

  const check = ['check', '--server', server.url, '--json'];
  expect(await stepwell([...check, '--workflows', SAME])).toMatchObject({ code: 0, stderr: '' });
  const misfit = await stepwell([...check, '--workflows', CHANGED]);
  expect(misfit).toMatchObject({ code: 1, stderr: '' });
  expect(lines(misfit.stdout).at(-1)).toEqual({ runs: 6, paths: 3, misfits: 1, wouldBeStuck: 2 });
});

test('replay says both sides of what does not fit, and its exit code is 1', async () => {
  await (await populated()).close();
  const file = join(folder, 'runs.jsonl');
  await stepwell(['export', 'p1', 'p4', '--store', store, '--out', file]);
  const plain = await stepwell(['replay', file, '--workflows', CHANGED]);
  expect(plain.code).toBe(1);
  expect(plain.stdout.split('\n').slice(1, 4)).toEqual([
    `misfit  p4  parcel@1  ${file}:2`,
    '  journal  step "call courier" at position 4',
    '  code     asks for step "weigh"',
  ]);
  expect(plain.stderr).toBe('2 runs: 1 does not fit\n');
  const json = await stepwell(['replay', file, '--workflows', CHANGED, '--json']);
  expect(lines(json.stdout)).toMatchObject([
    { run: 'p1', fits: true },
    {
      run: 'p4',
      fits: false,
      reason: 'JOURNAL_MISMATCH',
      journal: { position: 4, op: 'call courier', kind: 'step' },
      code: { op: 'weigh', kind: 'step' },
    },
  ]);
  const second = await stepwell(['replay', file, '--workflows', CHANGED, '--as-version', '2', '--json']);
  expect(lines(second.stdout)).toMatchObject([{ fits: false, code: { op: 'rest' } }, { fits: false }]);
  const third = await stepwell(['replay', file, '--workflows', CHANGED, '--as-version', '3', '--json']);
  expect(lines(third.stdout)[0]).toMatchObject({
    fits: false,
    reason: 'NO_WORKER',
    journal: null,
    code: null,
  });
});

test('workflow files that keep something open, and promises that nobody waits for, hold nothing up', async () => {
  await (await populated()).close();
  const untidy = [
    '--workflows',
    new URL('./replayed-workflows-untidy.ts', import.meta.url).pathname,
    '--json',
  ];
  const files = ['p1', 'p2', 'a1'].map((id) => join(folder, `${id}.json`));
  await stepwell(['export', 'p1', 'p2', 'a1', '--store', store, '--out', `${folder}/`]);
  // While the next file is read a rejection shows itself.
  const replayed = await stepwell(['replay', ...files, ...untidy]);
  expect(replayed).toMatchObject({ code: 1, stderr: '' });
  expect(lines(replayed.stdout).map(({ fits }) => fits)).toEqual([false, false, false]);
  expect(await stepwell(['check', '--store', store, ...untidy])).toMatchObject({ code: 1, stderr: '' });
});

test('a file that somebody has laid out is read; one that was changed is not', async () => {
  await (await populated()).close();
  const file = join(folder, 'p1.json');
  await stepwell(['export', 'p1', '--store', store, '--out', file]);
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, JSON.stringify(JSON.parse(text), null, 2));
  expect(await stepwell(['replay', file, '--workflows', SAME])).toMatchObject({ code: 0 });
  writeFileSync(file, text.replace('pack', 'hack'));
  const changed = await stepwell(['replay', file, '--workflows', SAME, '--json']);
  expect(changed.stderr).toContain('EXPORT_INVALID');
  expect(changed.stderr).toContain('checksum');
  expect(changed.code).not.toBe(0);
  for (const [path, code] of [
    ['nothing.json', 2],
    ['.', 2],
  ] as const)
    expect(await stepwell(['replay', join(folder, 'parts', path), '--workflows', SAME])).toMatchObject({
      code,
    });
});

test('check replays one run of each distinct path, beside the engine that has the file', async () => {
  await using well = await populated();
  const before = await well.parts.store.dump(0, 100);
  const check = ['check', '--store', store, '--workflows'];
  const fits = await stepwell([...check, SAME]);
  expect(fits).toMatchObject({ code: 0, stderr: '', stdout: '6 runs on 3 paths: all fit\n' });
  const misfit = await stepwell([...check, CHANGED]);
  expect(misfit).toMatchObject({ code: 1, stderr: '' });
  expect(misfit.stdout).toBe(
    [
      'misfit  parcel@1  2 runs, such as p5',
      '  journal  step "call courier" at position 4',
      '  code     asks for step "weigh"',
      '6 runs on 3 paths: 2 would be stuck\n',
    ].join('\n'),
  );
  const json = lines((await stepwell([...check, CHANGED, '--json'])).stdout);
  expect(json).toMatchObject([
    { workflow: 'approval', version: '1', runs: 1, example: 'a1', fits: true },
    { workflow: 'parcel', version: '1', runs: 2, example: 'p5', fits: false, code: { op: 'weigh' } },
    { workflow: 'parcel', version: '1', runs: 3, example: 'p3', fits: true },
    { runs: 6, paths: 3, misfits: 1, wouldBeStuck: 2 },
  ]);
  const ended = await stepwell([...check, SAME, '--status', 'succeeded', '--json']);
  expect(lines(ended.stdout).at(-1)).toEqual({ runs: 1, paths: 1, misfits: 0, wouldBeStuck: 0 });
  const other = await stepwell([...check, SAME, '--workflow', 'approval', '--json']);
  expect(lines(other.stdout).at(-1)).toMatchObject({ runs: 1 });
  expect(await well.parts.store.dump(0, 100)).toEqual(before);
});

test('check reads large values from where the artifacts are', async () => {
  const artifacts = `file:${join(folder, 'files')}`;
  const limits = { payloadBytes: 1_000 };
  await using well = await Stepwell.open({ store, artifacts, limits, workflows: [long] });
  await well.start(long, { text: 'x'.repeat(5_000) }, { id: 'r' });
  await expect.poll(async () => (await well.get('r')).status).toBe('waiting');
  const check = ['check', '--store', store, '--workflows', LONG];
  expect(await stepwell([...check, '--artifacts', artifacts])).toMatchObject({
    code: 0,
    stdout: '1 run on 1 path: all fit\n',
  });
  const blind = await stepwell(check);
  expect(blind.code).toBe(1);
  expect(blind.stdout).toMatch(/could not be loaded[^]*could not be checked: name the place .* --artifacts/);
});

test('an export has large values in it, where it is told where the artifacts are', async () => {
  const artifacts = `file:${join(folder, 'files')}`;
  const limits = { payloadBytes: 1_000 };
  await using well = await Stepwell.open({ store, artifacts, limits, workflows: [long] });
  await well.start(long, { text: 'x'.repeat(5_000) }, { id: 'r' });
  await expect.poll(async () => (await well.get('r')).status).toBe('waiting');
  const file = join(folder, 'r.json');
  const exported = async (...options: string[]) => {
    expect(await stepwell(['export', 'r', '--store', store, '--out', file, ...options])).toMatchObject({
      code: 0,
    });
    return stepwell(['replay', file, '--workflows', LONG]);
  };
  expect(await exported('--artifacts', artifacts)).toMatchObject({ code: 0 });
  expect(await exported()).toMatchObject({ code: 1, stdout: expect.stringContaining('when it is exported') });
});

test('check reads runs a page at a time', async () => {
  {
    await using well = await Stepwell.open({ store, workflows: WORKFLOWS, worker: false });
    const items = Array.from({ length: 1_100 }, () => ({ input: { express: false } }));
    await well.startMany(parcel, items);
    await well.start(approval);
  }
  const checked = await stepwell(['check', '--store', store, '--workflows', SAME]);
  expect(checked).toMatchObject({ code: 0, stdout: '1101 runs on 2 paths: all fit\n' });
});

test('what check finds is what becomes of the runs after the deploy', async () => {
  await (await populated()).close();
  await using well = await Stepwell.open({ store, workflows: [changed.parcel, changed.approval] });
  for (const id of ['p1', 'p2', 'p3', 'p4', 'p5']) await well.raiseEvent(id, 'collected');
  for (const id of ['p1', 'p2', 'p3']) expect(await well.result(id)).toBe('told');
  for (const id of ['p4', 'p5']) await expect.poll(async () => (await well.get(id)).status).toBe('stuck');
});

test.each<[string, string[], string]>([
  ['neither runs nor filters', ['export'], 'one of the two'],
  ['runs and filters', ['export', 'p1', '--status', 'failed'], 'one of the two'],
  ['a status that there is not', ['export', '--status', 'asleep'], 'asleep'],
  ['a store and a server', ['export', 'p1', '--store', 'sqlite:x', '--server', 'http://x'], 'not both'],
  ['a store in memory', ['check', '--store', 'memory:', '--workflows', SAME], 'in memory'],
  ['no workflows', ['check', '--store', 'sqlite:x'], '--workflows'],
])('%s: the command line is not understood', async (_, args, says) => {
  const refused = await stepwell(args);
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toContain(says);
});

test('what is named on the command line goes before the environment, and there the server before the store', async () => {
  await (await populated()).close();
  const server = 'http://127.0.0.1:1';
  const check = (...args: string[]) => stepwell(['check', '--workflows', SAME, ...args], { server });
  expect(await check('--store', store)).toMatchObject({ code: 0 });
  expect(await check()).toMatchObject({ code: 3, stderr: expect.stringContaining('SERVER_UNREACHABLE') });
});

test('a store that is not there is not made', async () => {
  const missing = join(folder, 'missing.db');
  const refused = await stepwell(['check', '--store', `sqlite:${missing}`, '--workflows', SAME, '--json']);
  expect(refused.stderr).toContain('STORE_UNREACHABLE');
  expect(refused.code).not.toBe(0);
  expect(readdirSync(folder)).toEqual([]);
});
