import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { StepwellError } from 'stepwell';
import type { Store, StoredRun } from 'stepwell/engine';

/** Runs that are read and written at a time. */
const PAGE = 100;

export interface CopyReport {
  readonly namespaces: readonly string[];
  readonly runs: number;
  readonly commits: number;
  readonly queues: number;
  readonly schedules: number;
  /** SHA-256 over all journals, in the order of the runs' keys: the same in both stores. */
  readonly checksum: string;
}

/**
 * Copies everything from one store to another, and compares what is there afterwards with what was read. Stopped half
 * way it goes on where it was when it is called again.
 * @param copied told after each page how many runs are there
 * @throws StepwellError `STORE_IN_USE` if workers are on one of them, `COPY_DIFFERS` if the target has something else, `STORE_…`
 */
export async function copyStore(
  from: Store,
  to: Store,
  now: number,
  copied: (runs: number) => void,
): Promise<CopyReport> {
  await demandUnused(from, 'source', now);
  await demandUnused(to, 'target', now);
  const namespaces = await from.namespaces();
  await demandNoOthers(namespaces, to);
  const runs = await copyRuns(from, to, copied);
  let queues = 0;
  let schedules = 0;
  for (const namespace of namespaces) {
    queues += await copyQueues(from, to, namespace, now);
    schedules += await copySchedules(from, to, namespace);
    const [there, here] = await Promise.all([to.count({ namespace }), from.count({ namespace })]);
    if (!isDeepStrictEqual(there, here)) throw differs(`the counts of runs of namespace "${namespace}"`);
  }
  return { namespaces, ...runs, queues, schedules };
}

/** What workers that died still own becomes nobody's; one whose lease has not run out may be alive. */
async function demandUnused(store: Store, which: string, now: number): Promise<void> {
  // Leases are kept by the clock of the store, where it has one: this machine's may be minutes ahead.
  await store.expire(store.now?.() ?? now);
  const [worker] = await store.workers();
  if (worker === undefined) return;
  throw new StepwellError(
    'STORE_IN_USE',
    `The worker "${worker.name}" is on the ${which}, or has died within its lease. Stop all workers and servers of both stores, or wait until ${new Date(worker.expiresAt).toISOString()}.`,
  );
}

async function demandNoOthers(namespaces: readonly string[], to: Store): Promise<void> {
  const other = (await to.namespaces()).find((namespace) => !namespaces.includes(namespace));
  if (other !== undefined) throw differs(`the namespace "${other}"`);
}

async function copyRuns(
  from: Store,
  to: Store,
  copied: (runs: number) => void,
): Promise<{ runs: number; commits: number; checksum: string }> {
  const checksum = createHash('sha256');
  let runs = 0;
  let commits = 0;
  let after = 0;
  for (;;) {
    const page = await from.dump(after, PAGE);
    await loadPage(to, after, page);
    if (page.length === 0) return { runs, commits, checksum: checksum.digest('hex') };
    for (const stored of page) {
      checksum.update(journalHash(stored));
      commits += stored.journal.length;
    }
    runs += page.length;
    after = page.at(-1)!.run.key;
    copied(runs);
  }
}

/** What is there already was copied by an earlier call, or is something else. */
async function loadPage(to: Store, after: number, page: readonly StoredRun[]): Promise<void> {
  const known = await to.dump(after, Math.max(1, page.length));
  const byKey = new Map(known.map((stored) => [stored.run.key, stored]));
  const missing = page.filter((stored) => !byKey.has(stored.run.key));
  const last = page.at(-1)?.run.key ?? Number.POSITIVE_INFINITY;
  const keys = new Set(page.map(({ run }) => run.key));
  const foreign = known.find(({ run }) => run.key <= last && !keys.has(run.key));
  if (foreign !== undefined) throw differs(`the run "${foreign.run.id}"`);
  if (missing.length > 0) await to.load(missing);
  const there = missing.length > 0 ? await to.dump(after, page.length) : known;
  for (const [index, stored] of page.entries()) {
    if (!isSame(there[index], stored)) throw differs(`the run "${stored.run.id}" (key ${stored.run.key})`);
  }
}

function isSame(there: StoredRun | undefined, here: StoredRun): boolean {
  if (there === undefined || !journalHash(there).equals(journalHash(here))) return false;
  const { journal: _, ...rest } = here;
  const { journal: __, ...restThere } = there;
  return isDeepStrictEqual(restThere, rest);
}

function journalHash({ run, journal }: StoredRun): Buffer {
  const hash = createHash('sha256').update(JSON.stringify([run.namespace, run.id]));
  for (const { position, at, count, events } of journal)
    hash.update(`\n${position} ${at} ${count} ${events}`);
  return hash.digest();
}

async function copyQueues(from: Store, to: Store, namespace: string, now: number): Promise<number> {
  const queues = (await from.queues(namespace)).filter(
    ({ limits, paused }) => paused !== null || Object.keys(limits).length > 0,
  );
  for (const { name, limits, paused } of queues)
    await to.setQueue({ namespace, queue: name, limits, paused, now });
  return queues.length;
}

async function copySchedules(from: Store, to: Store, namespace: string): Promise<number> {
  const schedules = await from.schedules(namespace);
  const known = new Map((await to.schedules(namespace)).map(({ name, value }) => [name, value]));
  for (const schedule of schedules) {
    const there = known.get(schedule.name);
    if (there === undefined) await to.saveSchedule({ ...schedule, revision: 1 });
    else if (there !== schedule.value) throw differs(`the schedule "${schedule.name}"`);
    known.delete(schedule.name);
  }
  const [foreign] = known.keys();
  if (foreign !== undefined) throw differs(`the schedule "${foreign}"`);
  return schedules.length;
}

function differs(what: string): StepwellError {
  return new StepwellError(
    'COPY_DIFFERS',
    `The target is not a copy of the source: ${what} of the target differs. Copy into an empty store, or into one that only an interrupted copy of this source has written to.`,
  );
}
