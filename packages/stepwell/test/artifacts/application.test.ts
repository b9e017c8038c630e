import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { Stepwell, type StepwellError, workflow, type ArtifactData } from '../../src/index.ts';
import { openMemoryStore } from '../../src/store/memory/store.ts';
import { bytesOf, chunks, gathered, sha256 } from '../../../../test/conformance/artifacts/contents.ts';

const nothing = workflow('nothing', async () => null);
const waits = workflow('waits', async (ctx) => ctx.waitForEvent('go'));
const open = (options = {}) => Stepwell.open({ store: 'memory:', workflows: [nothing, waits], ...options });

test('a file is there before its run, while it goes on and after its end; a write comes too late then', async () => {
  await using well = await open();
  const written = await well.artifacts.write('r', 'in/data.csv', 'a,b\n', { contentType: 'text/csv' });
  expect(written).toEqual({
    run: 'r',
    name: 'in/data.csv',
    number: 1,
    size: 4,
    hash: sha256('a,b\n'),
    contentType: 'text/csv',
    createdAt: expect.any(Number),
  });
  const run = await well.start(waits, undefined, { id: 'r' });
  await well.artifacts.write('r', 'more', 'x');
  await run.raiseEvent('go');
  await run.result();
  const file = await well.artifacts.read('r', 'in/data.csv');
  expect(file).toMatchObject(written);
  expect(await file.text()).toBe('a,b\n');
  expect(await well.artifacts.list('r')).toMatchObject([{ name: 'in/data.csv' }, { name: 'more' }]);
  await expect(well.artifacts.write('r', 'late', 'x')).rejects.toMatchObject({ code: 'RUN_ENDED' });
});

test.each<[string, () => ArtifactData]>([
  ['a text', () => 'hello 🦀'],
  ['bytes', () => Buffer.from('hello 🦀')],
  ['a function', () => () => 'hello 🦀'],
  ['a function that gives a stream', () => () => chunks('hello ', '🦀')],
  ['an async iterable', () => chunks('hello', ' 🦀')],
  ['texts', () => ['hello', ' ', '🦀'].values()],
  ['a stream of Node', () => Readable.from([Buffer.from('hello '), Buffer.from('🦀')])],
  ['a web stream', () => new Blob(['hello 🦀']).stream()],
])('%s can be written', async (_what, data) => {
  await using well = await open();
  const { hash, size } = await well.artifacts.write('r', 'f', data());
  expect({ hash, size }).toEqual({ hash: sha256('hello 🦀'), size: 10 });
});

test.each([
  ['null', null],
  ['a number', 7],
  ['an object', { a: 1 }],
  ['a list', ['a']],
  ['a stream of objects', Readable.from([{ a: 1 }])],
])('%s is refused', async (_what, data) => {
  await using well = await open();
  await expect(well.artifacts.write('r', 'f', data as never)).rejects.toMatchObject({
    code: 'OPTION_INVALID',
  });
  expect(await well.artifacts.list('r')).toEqual([]);
});

test('a file is read as text, JSON, bytes, a stream, or a part of it', async () => {
  await using well = await open();
  await well.artifacts.write('r', 'f', '{"a":[1]}');
  const file = await well.artifacts.read('r', 'f');
  expect(file.contentType).toBe('text/plain; charset=utf-8');
  expect(await file.json()).toEqual({ a: [1] });
  expect(await file.bytes()).toEqual(Buffer.from('{"a":[1]}'));
  expect(await gathered(file.stream())).toBe('{"a":[1]}');
  expect(await gathered(file.stream({ start: 5, end: 8 }))).toBe('[1]');
  await well.artifacts.write('r', 'binary', Uint8Array.of(0xff));
  await expect((await well.artifacts.read('r', 'binary')).text()).rejects.toThrow(TypeError);
});

test.each([
  [{ start: 0, end: 100 }, 'abcdef'],
  [{ start: 4, end: Number.POSITIVE_INFINITY }, 'ef'],
  [{ start: 6, end: 9 }, ''],
  [{ start: 2, end: 2 }, ''],
  [{ start: 7, end: 9 }, 'RANGE_NOT_SATISFIABLE'],
  [{ start: -1, end: 2 }, 'OPTION_INVALID'],
  [{ start: 3, end: 2 }, 'OPTION_INVALID'],
  [{ start: 0.5, end: 2 }, 'OPTION_INVALID'],
  [{ start: 0, end: Number.NaN }, 'OPTION_INVALID'],
  [{ start: '0' as never, end: 2 }, 'OPTION_INVALID'],
])('of six bytes the range %j is %s', async (range, wanted) => {
  await using well = await open();
  await well.artifacts.write('r', 'f', 'abcdef');
  const file = await well.artifacts.read('r', 'f');
  const read = await gathered(file.stream(range)).catch((error: unknown) => (error as StepwellError).code);
  expect(read).toBe(wanted);
});

test('all versions are kept; the same content and type again is the same version', async () => {
  await using well = await open();
  const write = (text: string, contentType = 'text/plain') =>
    well.artifacts.write('r', 'f', text, { contentType });
  expect((await write('one')).number).toBe(1);
  expect((await write('one')).number).toBe(1);
  expect((await write('one', 'text/csv')).number).toBe(2);
  expect((await write('two')).number).toBe(3);
  expect((await write('one')).number).toBe(4);
  expect((await well.artifacts.list('r')).map(({ number }) => number)).toEqual([4]);
  const all = await well.artifacts.list('r', { versions: 'all' });
  expect(all.map(({ number }) => number)).toEqual([4, 3, 2, 1]);
  expect(await (await well.artifacts.read('r', 'f', { number: 3 })).text()).toBe('two');
  await expect(well.artifacts.read('r', 'f', { number: 5 })).rejects.toMatchObject({
    code: 'ARTIFACT_NOT_FOUND',
    message: expect.stringContaining('version 5'),
  });
});

test('writers of one name at once: each content is a version of its own', async () => {
  await using well = await open();
  const texts = ['a', 'b', 'c', 'd', 'e'];
  const written = await Promise.all(texts.map((text) => well.artifacts.write('r', 'f', text)));
  expect(written.map(({ number }) => number).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5]);
  for (const { number, hash } of written)
    expect(sha256(await (await well.artifacts.read('r', 'f', { number })).text())).toBe(hash);
});

test('writes on a condition: of those that come at once, one', async () => {
  await using well = await open();
  const write = (text: string, condition: object) => well.artifacts.write('r', 'f', text, condition);
  const first = await Promise.allSettled(['a', 'b', 'c'].map((text) => write(text, { ifAbsent: true })));
  expect(first.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected', 'rejected']);
  await expect(write('d', { ifAbsent: true })).rejects.toMatchObject({ code: 'ARTIFACT_CHANGED' });
  await expect(write('d', { ifHash: sha256('other') })).rejects.toMatchObject({ code: 'ARTIFACT_CHANGED' });
  const { hash } = await well.artifacts.read('r', 'f');
  const second = await Promise.allSettled(['d', 'e'].map((text) => write(text, { ifHash: hash })));
  expect(second.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  expect(await well.artifacts.list('r', { versions: 'all' })).toHaveLength(2);
});

test('a file beyond the limit is refused while it streams', async () => {
  await using well = await open({ limits: { artifactBytes: 10 } });
  let given = 0;
  async function* endless() {
    for (;;) yield Buffer.from(`${given++}`);
  }
  await expect(well.artifacts.write('r', 'f', endless())).rejects.toMatchObject({
    code: 'ARTIFACT_TOO_LARGE',
    data: { limit: 10 },
  });
  expect(given).toBeLessThan(13);
  expect((await well.artifacts.write('r', 'f', 'x'.repeat(10))).size).toBe(10);
});

test('what is wrong is said before anything is read', async () => {
  await using well = await open();
  const unread = () => {
    throw new Error('it was read');
  };
  for (const [run, name, options, code] of [
    ['', 'f', {}, 'ID_INVALID'],
    ['r', '../f', {}, 'NAME_INVALID'],
    ['r', 'f', { contentType: 'nonsense' }, 'OPTION_INVALID'],
  ] as const)
    await expect(well.artifacts.write(run, name, unread, options)).rejects.toMatchObject({ code });
  await expect(well.artifacts.read('r', 'f')).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
  await expect(well.artifacts.read('r', '..')).rejects.toMatchObject({ code: 'NAME_INVALID' });
});

test('a purge takes the files along, those of other runs stay', async () => {
  await using well = await open();
  for (const id of ['a', 'b']) {
    await well.artifacts.write(id, 'f', 'the same');
    await (await well.start(nothing, undefined, { id })).result();
  }
  const [kept, gone] = [await well.artifacts.read('b', 'f'), await well.artifacts.read('a', 'f')];
  await well.purge('a');
  expect(await well.artifacts.list('a')).toEqual([]);
  await expect(gone.text()).rejects.toMatchObject({ code: 'ARTIFACT_DAMAGED' });
  expect(await kept.text()).toBe('the same');
});

test('contents that are prepared are on record together, or not at all', async () => {
  await using well = await open();
  const prepared = [
    await well.artifacts.prepare('r', 'a', 'one'),
    await well.artifacts.prepare('r', 'b', chunks('two'), { contentType: 'text/x' }),
  ];
  expect(await well.artifacts.list('r')).toEqual([]);
  for (const one of prepared) await one.record();
  expect(await well.artifacts.list('r')).toMatchObject([{ name: 'a' }, { name: 'b', contentType: 'text/x' }]);
});

test('without a place for artifacts there are none, and a write says what to do', async () => {
  const store = Object.assign(openMemoryStore(), { kind: 'elsewhere' });
  await using well = await Stepwell.open({ store, workflows: [nothing] });
  expect(await well.artifacts.list('r')).toEqual([]);
  for (const deed of [
    () => well.artifacts.write('r', 'f', 'x'),
    () => well.artifacts.read('r', 'f'),
    () => well.artifacts.sweep(),
  ])
    await expect(deed()).rejects.toMatchObject({ code: 'ARTIFACTS_NOT_CONFIGURED' });
  await (await well.start(nothing, undefined, { id: 'r' })).result();
  await well.purge('r');
});

test.each(['ftp://x', 'file:', 'data/artifacts', ''])('the place %j is not understood', async (artifacts) => {
  await expect(open({ artifacts })).rejects.toMatchObject({ code: 'STORE_UNKNOWN' });
});

test('after the engine is closed, nothing', async () => {
  const well = await open();
  await well.artifacts.write('r', 'f', 'x');
  await well.close();
  await expect(well.artifacts.write('r', 'f', 'x')).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
  await expect(well.artifacts.list('r')).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
});

test('a large file goes through in pieces', async () => {
  await using well = await open();
  const bytes = Buffer.alloc(3_000_000, 'abc');
  const { hash } = await well.artifacts.write('r', 'f', bytes);
  expect(hash).toBe(sha256(bytes));
  expect(sha256(await bytesOf((await well.artifacts.read('r', 'f')).stream()))).toBe(hash);
});
