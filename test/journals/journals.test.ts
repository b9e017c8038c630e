// Journals that were recorded once replay for ever: whoever has a run in a database can deploy a newer engine.
// A test that fails here shows a change of the engine's behaviour that breaks runs under way. Do not record anew: put
// the new behaviour behind a numbered flag that is recorded in the journal, so that old runs keep the old one.
// (The order example is replayed as it stands: who changes its operations keeps the old version here, as its users must.)

import { expect, test } from 'vitest';
import { order } from '../../examples/order/workflow.ts';
import type { AnyDefinition } from '../../packages/stepwell/src/index.ts';
import {
  isEnd,
  JOURNAL_FORMAT,
  type JournalEvent,
  type JournalEventType,
} from '../../packages/stepwell/src/model/event.ts';
import type { OperationKind } from '../../packages/stepwell/src/model/operation.ts';
import { entriesOf } from '../../packages/stepwell/src/replay/past.ts';
import { type OpenStore, STORES } from '../conformance/stores.ts';
import { LIVES } from './lives.ts';
import { recordedLives, type RecordedLife } from './recorded.ts';
import { isForcedEnd, replay } from './replay.ts';
import { WORKFLOWS } from './workflows.ts';

const CURRENT: readonly AnyDefinition[] = [...WORKFLOWS, order];
const recorded = recordedLives();
const inMemory = STORES['memory']!;
const everywhere = Object.entries(STORES).flatMap(([store, open]) =>
  recorded.map((one) => ({ ...one, store, open })),
);
const onDatabases = everywhere.filter(({ store }) => store !== 'memory');

test('every life has a recording, by this engine or an older one', () => {
  const names = new Set(recorded.map(({ name }) => name.replace(/\.\d+$/, '')));
  expect([...names].toSorted()).toEqual(Object.keys(LIVES).toSorted());
  for (const { life } of recorded) expect(life.format).toBeLessThanOrEqual(JOURNAL_FORMAT);
});

test.each(recorded)('$name replays from each of its commits', async ({ life }) => {
  for (const index of life.commits.keys())
    expect(await seen(life, index + 1, inMemory)).toEqual(expected(life, index + 1));
});

// What a database makes of a journal does not depend on the commit at which it ends.
test.each(onDatabases)(
  '$name replays from its beginning and its middle, on $store',
  async ({ life, open }) => {
    for (const count of new Set([1, Math.ceil(life.commits.length / 2)]))
      expect(await seen(life, count, open)).toEqual(expected(life, count));
  },
);

/** What is seen of a replay of the first commits of a life. */
async function seen(life: RecordedLife, count: number, open: OpenStore) {
  const recordedOperations = new Set(operations(eventsOf(life)));
  const { run, added, later } = await replay(life, count, CURRENT, open);
  return {
    commits: count,
    isStuck: run.status === 'stuck' || later === 'stuck',
    stuckBy: stuckError(added),
    begins: added[0]?.type,
    neverAskedFor: operations(added).filter((operation) => !recordedOperations.has(operation)),
    end: isEnd(life.commits[count - 1]!.events.at(-1)!) ? essence(added.at(-1)!) : null,
  };
}

function expected(life: RecordedLife, count: number) {
  const last = life.commits[count - 1]!.events.at(-1)!;
  return {
    commits: count,
    isStuck: false,
    stuckBy: undefined,
    begins: 'run.activated',
    neverAskedFor: [],
    end: isEnd(last) ? essence(last) : null,
  };
}

test.each(everywhere)('$name comes to the same result, on $store', async ({ life, open }) => {
  const { run } = await replay(life, life.commits.length, CURRENT, open);
  expect({ status: run.status, output: run.output }).toEqual({
    status: life.run.status,
    output: life.run.output,
  });
});

/** Every type of event, so that a new one wants a recording. */
const EVENT_TYPES: Readonly<Record<JournalEventType, true>> = {
  'run.activated': true,
  'run.started': true,
  'run.cancel_requested': true,
  'run.paused': true,
  'run.resumed': true,
  'run.stuck': true,
  'run.retrying': true,
  'run.reopened': true,
  'run.forked': true,
  'run.succeeded': true,
  'run.failed': true,
  'run.cancelled': true,
  'run.timed_out': true,
  'run.continued': true,
  'operation.started': true,
  'operation.attempt': true,
  'operation.retrying': true,
  'operation.heartbeat': true,
  'operation.continued': true,
  'operation.succeeded': true,
  'operation.failed': true,
  'operation.cancelled': true,
  'operation.ended': true,
  'event.received': true,
  progress: true,
  status: true,
  tags: true,
  log: true,
};
const OPERATION_KINDS: Readonly<Record<OperationKind, true>> = {
  step: true,
  condition: true,
  sleep: true,
  event: true,
  callback: true,
  child: true,
  group: true,
  parallel: true,
  map: true,
  patch: true,
};

test('every type of event and every kind of operation is on record', () => {
  const all = recorded.flatMap(({ life }) => eventsOf(life));
  const types = new Set(all.map(({ type }) => type));
  expect([...types].toSorted()).toEqual(Object.keys(EVENT_TYPES).toSorted());
  const kinds = new Set(all.flatMap((event) => (event.type === 'operation.started' ? [event.kind] : [])));
  expect([...kinds].toSorted()).toEqual(Object.keys(OPERATION_KINDS).toSorted());
});

const asksForMore: Change = (workflow) => ({
  ...workflow,
  fn: async (ctx, input) => {
    await ctx.sleep('added', '1s');
    return workflow.fn(ctx, input);
  },
});
const asksForNothing: Change = (workflow) => ({ ...workflow, fn: async () => null });

const endedByCode = recorded.filter(({ life }) => !isForcedEnd(life.commits.at(-1)!.events.at(-1)!));
test.each(endedByCode)('$name does not fit code that was changed', async ({ life }) => {
  for (const change of [asksForMore, asksForNothing]) {
    const { run, added } = await replay(life, life.commits.length, CURRENT.map(change), inMemory);
    expect({ status: run.status, error: stuckError(added) }).toMatchObject({
      status: 'stuck',
      error: { code: 'JOURNAL_MISMATCH' },
    });
  }
});

type Change = (workflow: AnyDefinition) => AnyDefinition;

function eventsOf({ commits }: RecordedLife): JournalEvent[] {
  return entriesOf(commits).map(({ event }) => event);
}

function operations(events: readonly JournalEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'operation.started' ? [`${event.kind} ${event.op}`] : []));
}

function stuckError(events: readonly JournalEvent[]): unknown {
  const stuck = events.findLast((event) => event.type === 'run.stuck');
  return stuck?.type === 'run.stuck' ? stuck.error : undefined;
}

/** An end without what may differ: stacks, the id of a run that goes on, and the wording of the engine's own errors. */
function essence(end: JournalEvent): unknown {
  if (end.type === 'run.continued') return { type: end.type };
  if (!('error' in end)) return end;
  const { name, message, code } = end.error;
  return { ...end, error: { name, code, message: code === undefined ? message : '' } };
}
