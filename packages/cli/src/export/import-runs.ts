import { StepwellError } from 'stepwell';
import {
  hasReference,
  isReference,
  type JournalEvent,
  type RunKey,
  type RunRecord,
  type Store,
  type StoredRun,
} from 'stepwell/engine';
import type { FoundExport } from './read-exports.ts';

export interface ImportOptions {
  /** Default: that of the export. */
  readonly namespace?: string;
  /** The run's id here; only of one run. */
  readonly as?: string;
  /** Active runs go on as they would have where they come from; otherwise they are paused. */
  readonly resume: boolean;
  readonly now: number;
  readonly uuid: () => string;
}

export interface ImportedRun {
  readonly run: string;
  readonly namespace: string;
  readonly status: RunRecord['status'];
  readonly from: string;
}

/**
 * Puts exported runs into a store. All are looked at before the first is put in.
 * @param imported told of each run that is in
 * @throws StepwellError `EXPORT_INVALID`, `RUN_ID_TAKEN` (with all ids that are), `STORE_…`
 */
export async function importRuns(
  store: Store,
  found: readonly FoundExport[],
  options: ImportOptions,
  imported: (run: ImportedRun) => void,
): Promise<void> {
  const places = found.map(({ where, exported }) => {
    if (exported.from === 'store') {
      demandValues(where, exported.run, exported.journal);
      return { where, ...placeOf(exported.run, options) };
    }
    throw new StepwellError(
      'EXPORT_INVALID',
      `The export ${where} comes from a server, which tells a run's journal but not all that is kept of it. Export the run from its store, with --store.`,
    );
  });
  await demandFree(store, places);
  const keys = new Map<string, RunKey>();
  for (const [index, { where, exported }] of found.entries()) {
    const place = places[index]!;
    const key = await newKey(store, exported.run, options);
    keys.set(nameOf(exported.run.key, exported.run.id), key);
    const stored = moved(exported, { ...place, key }, keys, options);
    const loaded = await store.load([stored]);
    if (loaded === 0) throw taken('Nothing more', [place.id]);
    imported({ run: place.id, namespace: place.namespace, status: stored.run.status, from: where });
  }
}

/** What it refers to belongs to the run that was exported, and may not be where this store has its artifacts. */
function demandValues(where: string, run: RunRecord, journal: StoredRun['journal']): void {
  const events = journal.flatMap(({ events }) => JSON.parse(events) as JournalEvent[]);
  if (![run.input, run.output].some(isReference) && !events.some(hasReference)) return;
  throw new StepwellError(
    'EXPORT_INVALID',
    `The export ${where} lacks values of the run "${run.id}" that are kept with the artifacts. Export the run again, with --artifacts, the place that has them.`,
  );
}

function placeOf({ namespace, id }: RunRecord, options: ImportOptions): { namespace: string; id: string } {
  return { namespace: options.namespace ?? namespace, id: options.as ?? id };
}

async function demandFree(store: Store, places: readonly { namespace: string; id: string }[]): Promise<void> {
  const ids: string[] = [];
  const seen = new Set<string>();
  for (const { namespace, id } of places) {
    const name = `${namespace}\n${id}`;
    if (seen.has(name) || (await store.get(namespace, id)) !== null) ids.push(id);
    seen.add(name);
  }
  if (ids.length > 0) throw taken('Nothing', ids);
}

function taken(how: string, ids: readonly string[]): StepwellError {
  const all = ids.map((id) => `"${id}"`).join(', ');
  return new StepwellError(
    'RUN_ID_TAKEN',
    `${how} was imported: there is a run of that id already: ${all}. Give it another with --as, or another --namespace.`,
    { data: { ids } },
  );
}

/**
 * A key that this store has never given to another run, whoever starts runs meanwhile: that of a run which is started,
 * ended and purged for it.
 */
async function newKey(store: Store, run: RunRecord, { now, uuid }: ImportOptions): Promise<RunKey> {
  const { namespace, workflow, version, queue, priority } = run;
  const id = `import-${uuid()}`;
  const [answer] = await store.start([
    {
      ...{ namespace, id, workflow, version, queue, priority, input: undefined, parent: null },
      ...{ timeout: null, beginBy: null, concurrencyKey: null, concurrencyLimit: null },
      // No worker gets it: it is not ready before its end.
      readyAt: now + YEAR,
      createdAt: now,
    },
  ]);
  if (answer?.created !== true) throw new StepwellError('INTERNAL', `There is a run "${id}" already.`);
  const { key } = answer;
  const cancelled = JSON.stringify([{ type: 'run.cancelled', reason: 'a place for an import' }]);
  const end = {
    status: 'cancelled',
    output: undefined,
    error: undefined,
    continuedBy: null,
    endedAt: now,
  } as const;
  await store.commit([
    {
      ...{ run: key, position: 0, at: now, events: cancelled, count: 1, taken: 0 },
      ...{ open: [], close: [], starts: [], deliver: [], change: { end } },
    },
  ]);
  await store.purge(namespace, id);
  return key;
}

const YEAR = 365 * 24 * 60 * 60 * 1_000;

function moved(
  { run, journal, inbox, callbacks, outcomes }: StoredRun,
  place: { key: RunKey; namespace: string; id: string },
  keys: ReadonlyMap<string, RunKey>,
  options: ImportOptions,
): StoredRun {
  const { key, namespace, id } = place;
  // What it told its parent there is not for whoever has that key here.
  const parentKey = run.parent === null ? undefined : keys.get(nameOf(run.parent.key, run.parent.id));
  const parent = run.parent === null || parentKey === undefined ? null : { ...run.parent, key: parentKey };
  const record: RunRecord = { ...run, key, namespace, id, parent, owner: null };
  // Those who complete its callbacks know the ids of the original: a copy under another name must not take them over.
  const isCopy = namespace !== run.namespace || id !== run.id;
  const rest = {
    ...{ journal, outcomes, callbacks: isCopy ? [] : callbacks, slot: null, debounceKey: null },
    // What is in its files is not in an export.
    artifacts: [],
  };
  if (run.endedAt !== null) return { run: record, inbox, ...rest };
  if (options.resume) {
    const goesOn = run.status === 'running' ? ({ status: 'queued', readyAt: options.now } as const) : {};
    return { run: { ...record, ...goesOn }, inbox, ...rest };
  }
  // A pause that waits in its inbox: whatever wakes it, it is paused before anything of it begins.
  const delivered = run.delivered + 1;
  const facts = [...inbox, { number: delivered, fact: { type: 'pause', reason: PAUSED } as const }];
  const held = { ...record, delivered, beginBy: null };
  // One that has not begun begins with the pause, at its time: a resume before that leaves it its delay.
  if (run.startedAt === null) {
    const queued = { status: 'queued', readyAt: run.readyAt ?? options.now, waitingFor: [] } as const;
    return { run: { ...held, ...queued }, inbox: facts, ...rest };
  }
  const waitingFor = [{ kind: 'paused', detail: PAUSED } as const];
  return { run: { ...held, status: 'paused', readyAt: null, waitingFor }, inbox: facts, ...rest };
}

const PAUSED = 'imported: the run that it is a copy of may go on elsewhere';

function nameOf(key: RunKey, id: string): string {
  return `${key} ${id}`;
}
