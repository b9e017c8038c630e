import { isEnd, type Commit, type JournalEvent } from '../../packages/stepwell/src/model/event.ts';
import type { AnyDefinition } from '../../packages/stepwell/src/index.ts';
import type { RunRecord, RunStatus } from '../../packages/stepwell/src/model/run.ts';
import { entriesOf } from '../../packages/stepwell/src/replay/past.ts';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { openMemoryStore } from '../../packages/stepwell/src/store/memory/store.ts';
import { testEngine } from '../../packages/stepwell/src/testing/index.ts';
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
): Promise<Replayed> {
  const given = withoutEnd(commits.slice(0, count));
  const store = openMemoryStore();
  const key = await putIn(store, run, given);
  const { at, events } = commits[count - 1]!;
  if (isForcedEnd(events.at(-1)!)) {
    await store.deliver([{ to: { key }, now: at, fact: { type: 'cancel', cause: 'request', force: true } }]);
  }
  await using engine = await testEngine({ store, workflows, start: at, steps: SERVICES });
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

/** Commit by commit, as they were written: each at its time and its position. */
async function putIn(store: Store, run: RunRecord, commits: readonly Commit[]): Promise<number> {
  const { namespace, id, workflow, version, queue, priority, input, timeout, createdAt } = run;
  const [answer] = await store.start([
    {
      ...{ namespace, id, workflow, version, queue, priority, input, timeout, createdAt },
      readyAt: createdAt,
      parent: null,
      concurrencyKey: null,
      concurrencyLimit: 1,
    },
  ]);
  if (answer?.created !== true) throw new Error(`The run "${id}" could not be put into the store.`);
  const { key } = answer;
  for (const { position, at, events } of commits) {
    const [stored] = await store.commit([
      {
        run: key,
        position,
        at,
        events: JSON.stringify(events),
        count: events.length,
        taken: 0,
        open: events.flatMap(callbackOf),
        close: [],
        starts: [],
        deliver: [],
        change: null,
      },
    ]);
    if (stored !== 'stored') throw new Error(`The store refused position ${position} of the run "${id}".`);
  }
  return key;
}

function callbackOf(event: JournalEvent): { callback: string; op: string }[] {
  if (event.type !== 'operation.started' || event.callback === undefined) return [];
  return [{ callback: event.callback, op: event.op }];
}
