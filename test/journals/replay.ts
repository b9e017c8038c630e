import { isEnd, type Commit, type JournalEvent } from '../../packages/stepwell/src/model/event.ts';
import type { AnyDefinition } from '../../packages/stepwell/src/index.ts';
import { recordOf, type RunRecord, type RunStatus } from '../../packages/stepwell/src/model/run.ts';
import { entriesOf } from '../../packages/stepwell/src/replay/past.ts';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { TestClock, testEngine } from '../../packages/stepwell/src/testing/index.ts';
import type { OpenStore } from '../conformance/stores.ts';
import { heldFor } from './held-store.ts';
import { SERVICES } from './lives.ts';
import type { RecordedLife } from './recorded.ts';

/** What became of a recorded run in today's engine, by the time at which its recorded commits end. */
export interface Replayed {
  readonly run: RunRecord;
  /** What was added to the recorded events. */
  readonly added: readonly JournalEvent[];
  /** Where the run stands when time has gone by as well, until only the outside world could move it on. */
  readonly later: RunStatus;
}

/**
 * Puts the first commits of a life into a new store, lets today's engine take the run over, and stops when nothing more
 * happens without time going by. If the last commit ends the run, its end is left out: the engine is to find it again.
 * (A forced end comes from outside: it is asked for again.)
 */
export async function replay(
  { run, commits }: RecordedLife,
  count: number,
  workflows: readonly AnyDefinition[],
  open: OpenStore,
): Promise<Replayed> {
  const { store, discard } = await open();
  try {
    return await goOn(store, { run, commits: commits.slice(0, count) }, workflows);
  } finally {
    await discard();
  }
}

async function goOn(
  store: Store,
  { run, commits }: Pick<RecordedLife, 'run' | 'commits'>,
  workflows: readonly AnyDefinition[],
): Promise<Replayed> {
  const given = withoutEnd(commits);
  await putIn(store, { run, commits: given });
  const { key } = run;
  const { at, events } = commits.at(-1)!;
  if (isForcedEnd(events.at(-1)!)) {
    await store.deliver([{ to: { key }, now: at, fact: { type: 'cancel', cause: 'request', force: true } }]);
  }
  const clock = new TestClock(at);
  await using engine = await testEngine({ store: heldFor(clock, store), clock, workflows, steps: SERVICES });
  await engine.waitingFor(run.id);
  const all = entriesOf(await store.journal(key, 0, Number.MAX_SAFE_INTEGER)).map(({ event }) => event);
  const record = (await store.get(run.namespace, run.id))!;
  const later = await engine.skipUntil(run.id, () => false);
  return { run: record, added: all.slice(entriesOf(given).length), later: later.status };
}

/** Whether a run was ended whatever its code does. */
export function isForcedEnd(event: JournalEvent): boolean {
  return event.type === 'run.cancelled' && event.forced === true;
}

function withoutEnd(commits: readonly Commit[]): Commit[] {
  const last = commits.at(-1)!;
  if (!isEnd(last.events.at(-1)!)) return [...commits];
  const events = last.events.slice(0, -1);
  return [...commits.slice(0, -1), ...(events.length === 0 ? [] : [{ ...last, events }])];
}

/** As whole runs are moved from store to store: the run as it has been given up by its worker, its journal as it was written. */
async function putIn(store: Store, { run, commits }: Pick<RecordedLife, 'run' | 'commits'>): Promise<void> {
  const { key, namespace, id, workflow, version, queue, priority, input, timeout, createdAt, startedAt } =
    run;
  const alone = { parent: null, concurrencyKey: null, concurrencyLimit: null };
  const names = { namespace, id, workflow, version, queue, priority };
  const record = recordOf({ ...names, ...alone, input, timeout, createdAt, readyAt: createdAt }, key);
  const journal = commits.map(({ position, at, events }) => {
    return { position, at, count: events.length, events: JSON.stringify(events) };
  });
  const callbacks = commits.flatMap(({ events }) => events.flatMap(callbackOf));
  const loaded = await store.load([
    {
      ...{ run: { ...record, startedAt }, journal, inbox: [], callbacks, outcomes: [] },
      ...{ slot: null, debounceKey: null, artifacts: [] },
    },
  ]);
  if (loaded !== 1) throw new Error(`The run "${id}" could not be put into the store.`);
}

function callbackOf(event: JournalEvent): { callback: string; op: string }[] {
  if (event.type !== 'operation.started' || event.callback === undefined) return [];
  return [{ callback: event.callback, op: event.op }];
}
