import { expect, test } from 'vitest';
import { type AnyDefinition, type Ctx, workflow } from '../../src/index.ts';
import { exportOf, readExport, replayJournal, testEngine } from '../../src/testing/index.ts';

type Fn = (ctx: Ctx) => Promise<unknown>;

let bodies: string[] = [];
const journeyOf = (fn: Fn, version = '1') => workflow('journey', { version }, fn);

async function journey(ctx: Ctx, last: Fn): Promise<unknown> {
  await ctx.step('first', () => bodies.push('first'));
  await ctx.group('inner', (inner) => inner.step('deep', () => bodies.push('deep')));
  await ctx.waitForEvent('go');
  return last(ctx);
}
const right = journeyOf((ctx) => journey(ctx, (inner) => inner.step('last', () => bodies.push('last'))));

/** A run of a workflow as it is exported, as text: while it waits for `go`, or once it has ended. */
async function recorded(definition: AnyDefinition, isEnded = false): Promise<string> {
  bodies = [];
  await using engine = await testEngine({ workflows: [definition] });
  await engine.start(definition, undefined, { id: 'r' });
  await engine.clock.settle();
  if (isEnded) await engine.well.raiseEvent('r', 'go');
  await engine.skipUntil('r', () => false);
  const [stored] = await engine.store.dump(0, 1);
  bodies = [];
  return JSON.stringify(exportOf(stored!, 'store', 7));
}

const replayed = async (definition: AnyDefinition | AnyDefinition[], text: string, options = {}) =>
  replayJournal(definition, JSON.parse(text), options);

test.each([false, true])(
  'code that fits (ended: %s): no body is run, and no timer is waited for',
  async (ended) => {
    const text = await recorded(right, ended);
    expect(await replayed(right, text)).toEqual({ fits: true });
    expect(await replayed([right, journeyOf(async () => {}, '2')], text)).toEqual({ fits: true });
    expect(bodies).toEqual([]);
  },
);

// The same changes as those of journal-mismatch.test.ts, which shows that an engine makes such a run stuck.
const changes: [string, Fn, object][] = [
  [
    'another name',
    (ctx) => ctx.step('renamed', () => bodies.push('renamed')),
    { journal: { position: 2, op: 'first', kind: 'step' }, code: { op: 'renamed', kind: 'step' } },
  ],
  ['another kind', (ctx) => ctx.sleep('first', 1), { journal: { op: 'first' }, code: { kind: 'sleep' } }],
  [
    'an operation more',
    async (ctx) => {
      await ctx.step('first', () => {});
      await ctx.step('new', () => bodies.push('new'));
    },
    { journal: { op: 'inner', kind: 'group' }, code: { op: 'new', kind: 'step' } },
  ],
  [
    'an early return',
    (ctx) => ctx.step('first', () => 1),
    { journal: { position: 4, op: 'inner' }, code: { end: 'returned' } },
  ],
  [
    'an early error',
    async (ctx) => {
      await ctx.step('first', () => {});
      throw new TypeError('a typo');
    },
    { journal: { op: 'inner' }, code: { end: 'threw' }, message: expect.stringContaining('a typo') },
  ],
];

test.each(changes)('%s: both sides, and no body is run', async (_, fn, sides) => {
  const text = await recorded(right);
  const misfit = { fits: false, reason: 'JOURNAL_MISMATCH', ...sides };
  expect(await replayed(journeyOf(fn), text)).toMatchObject(misfit);
  expect(bodies).toEqual([]);
});

test('what an engine makes of a run and what a replay says of it are the same', async () => {
  const text = await recorded(right);
  const { run } = readExport(JSON.parse(text));
  for (const [, fn] of changes) {
    const changed = journeyOf(fn);
    await using engine = await testEngine({ workflows: [changed] });
    await engine.store.load([{ ...readExport(JSON.parse(text)), run: { ...run, readyAt: run.createdAt } }]);
    await engine.clock.settle();
    await engine.advance('1m');
    const { error } = await engine.well.get('r');
    const { reason, message } = (await replayed(changed, text)) as { reason: string; message: string };
    expect({ code: reason, message }).toEqual({ code: error!.code, message: error!.message });
  }
});

test('a version that is not there is a misfit of its own kind; another version can be tried', async () => {
  const text = await recorded(right);
  const second = journeyOf((ctx) => ctx.step('renamed', () => {}), '2');
  expect(await replayed(second, text)).toMatchObject({
    fits: false,
    reason: 'NO_WORKER',
    message: expect.stringContaining('version "1"'),
    journal: null,
    code: null,
  });
  expect(await replayed(second, text, { asVersion: '2' })).toMatchObject({ reason: 'JOURNAL_MISMATCH' });
  expect(await replayed(right, text, { asVersion: '1' })).toEqual({ fits: true });
});

test('of a run that has ended, the code must come to that end', async () => {
  const both = workflow('race', (ctx) => Promise.race([ctx.sleep('a', '1h'), ctx.sleep('b', '2h')]));
  const text = await recorded(both);
  expect(await replayed(both, text)).toEqual({ fits: true });
  const all = workflow('race', (ctx) => Promise.all([ctx.sleep('a', '1h'), ctx.sleep('b', '2h')]));
  expect(await replayed(all, text)).toMatchObject({
    fits: false,
    reason: 'JOURNAL_MISMATCH',
    journal: { end: 'run.succeeded' },
    code: { end: 'waits' },
    message: expect.stringContaining('has not come to its end'),
  });
  const throwing = workflow('race', async (ctx) => {
    await Promise.race([ctx.sleep('a', '1h'), ctx.sleep('b', '2h')]);
    throw new Error('no');
  });
  expect(await replayed(throwing, text)).toMatchObject({ code: { end: 'threw' } });
  const longer = workflow('race', async (ctx) => {
    await Promise.race([ctx.sleep('a', '1h'), ctx.sleep('b', '2h')]);
    await ctx.step('more', () => bodies.push('more'));
  });
  expect(await replayed(longer, text)).toMatchObject({
    journal: null,
    code: { op: 'more', kind: 'step' },
  });
  expect(bodies).toEqual([]);
});

test('a run that ended by force, by its hard timeout or before it began fits whatever its code waits for', async () => {
  const waits = workflow('waits', { timeout: '1h', hardTimeout: '2h' }, async (ctx) => {
    try {
      await ctx.waitForEvent('never');
    } finally {
      await ctx.sleep('cleanup', '1d');
    }
  });
  const hard = await recorded(waits);
  expect(readExport(JSON.parse(hard)).run.status).toBe('timed_out');
  expect(await replayed(waits, hard)).toEqual({ fits: true });

  await using engine = await testEngine({ workflows: [waits] });
  await engine.start(waits, undefined, { id: 'forced' });
  await engine.start(waits, undefined, { id: 'unbegun', delay: '1d' });
  await engine.clock.settle();
  await engine.well.cancel('forced', { force: true });
  await engine.well.cancel('unbegun');
  await engine.clock.settle();
  for (const stored of await engine.store.dump(0, 2)) {
    expect(stored.run.status).toBe('cancelled');
    expect(await replayed(waits, JSON.stringify(exportOf(stored, 'store', 0)))).toEqual({ fits: true });
  }
});

test('code that would wait for something that is not an operation is found out', async () => {
  const text = await recorded(right, true);
  const endless = journeyOf((ctx) => journey(ctx, () => new Promise<never>(() => {})));
  // The journal asks for more: that comes first.
  expect(await replayed(endless, text)).toMatchObject({ reason: 'JOURNAL_MISMATCH' });
  const short = await recorded(journeyOf((ctx) => ctx.sleep('first', '1d')));
  const never = journeyOf(async (ctx) => {
    await ctx.sleep('first', '1d');
    await new Promise<never>(() => {});
  });
  expect(await replayed(never, short)).toMatchObject({ fits: false, reason: 'WORKFLOW_NEVER_SETTLES' });
});

test('what the function does to its values does not change the export', async () => {
  const changing = workflow('journey', async (ctx) => {
    const value = await ctx.step('first', () => ({ list: [1] }));
    value.list.push(2);
    await ctx.step(`of ${value.list.length}`, () => {});
    await ctx.waitForEvent('go');
  });
  const exported: unknown = JSON.parse(await recorded(changing));
  for (let n = 0; n < 3; n++) expect(await replayJournal(changing, exported)).toEqual({ fits: true });
});

test('payloads that were encrypted need their codec', async () => {
  const codec = {
    encode: (text: string) => Buffer.from(text).toString('base64'),
    decode: (stored: string) => Buffer.from(stored, 'base64').toString(),
  };
  const branching = workflow('journey', async (ctx) => {
    const value = await ctx.step('first', () => 'yes');
    await ctx.step(value === 'yes' ? 'then' : 'else', () => {});
  });
  await using engine = await testEngine({ workflows: [branching], codec });
  await engine.run(branching, undefined, { id: 'r' });
  const exported: unknown = JSON.parse(
    JSON.stringify(exportOf((await engine.store.dump(0, 1))[0]!, 'store', 0)),
  );
  expect(await replayJournal(branching, exported, { codec })).toEqual({ fits: true });
  await expect(replayJournal(branching, exported)).rejects.toMatchObject({
    code: 'OPTION_INVALID',
    message: expect.stringContaining('codec'),
  });
});

test('a journal of a newer engine is not guessed at', async () => {
  const { checksum: _, ...content } = readExport(JSON.parse(await recorded(right)));
  const journal = content.journal.map((commit) => {
    return { ...commit, events: commit.events.replaceAll('"format":1', '"format":99') };
  });
  const newer = JSON.stringify(exportOf({ ...content, journal }, 'store', 0));
  expect(await replayed(right, newer)).toMatchObject({ fits: false, reason: 'JOURNAL_TOO_NEW' });
});

test('a run that has reached the limit of its journal would be stuck for that', async () => {
  const text = await recorded(right);
  const { journal } = readExport(JSON.parse(text));
  const events = journal.reduce((sum, { count }) => sum + count, 0);
  expect(await replayed(right, text, { limits: { eventsPerRun: events } })).toMatchObject({
    fits: false,
    reason: 'TOO_MANY_EVENTS',
  });
});

test.each<[string, (exported: Record<string, unknown>) => unknown, string]>([
  ['something else', () => ({ order: 1 }), 'is not a run'],
  ['nothing', () => null, 'is not a run'],
  ['one that was changed', (given) => ({ ...given, journal: [] }), 'was changed'],
  ['one of a newer format', (given) => ({ ...given, version: 2 }), 'has version 2 of the format'],
])('%s is refused', async (_, change, says) => {
  const exported = change(JSON.parse(await recorded(right)) as Record<string, unknown>);
  await expect(replayJournal(right, exported)).rejects.toMatchObject({
    code: 'EXPORT_INVALID',
    message: expect.stringContaining(says),
  });
});
