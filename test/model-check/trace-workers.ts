import type { WorkerRecord } from '../../packages/stepwell/src/store/records.ts';
import { expire, heartbeat, retire, strand, unstrand } from './store-rules.ts';
import { fits, type TracedStore } from './traced-store.ts';
import { Violation } from './violation.ts';

/** Steps of a trace by which workers come, stay and go. */

export function traceRegister(store: TracedStore, worker: WorkerRecord): void {
  const { id, kinds, queues, heartbeatAt, expiresAt } = worker;
  const before = store.serves.get(id);
  const known = heartbeat(store, id, expiresAt);
  store.exercised.note(known ? 'register: known already' : 'register: a new worker');
  if (!known) store.workers.push({ id, expiresAt });
  store.serves.set(id, { kinds, queues });
  for (const run of store.runs) {
    const isNews = fits(worker, run) && !(known && fits(before!, run));
    if (!isNews || !unstrand(run, heartbeatAt)) continue;
    run.blocked = false;
    store.touched.add(run);
    store.exercised.note('register: a stuck run is ready');
  }
}

export function traceHeartbeat(store: TracedStore, worker: string, expiresAt: number, answer: boolean): void {
  const known = heartbeat(store, worker, expiresAt);
  if (known !== answer) {
    throw new Violation(`a heartbeat of worker ${worker} is answered with ${answer}, where it is ${known}`);
  }
  store.exercised.note(known ? 'heartbeat: known' : 'heartbeat: unknown');
}

export function traceRetire(store: TracedStore, worker: string, now: number): void {
  if (freed(store, () => retire(store, worker, now)) > 0) store.exercised.note('retire: frees a run');
}

export function traceExpire(store: TracedStore, now: number, answer: readonly string[]): void {
  let left: string[] = [];
  const runs = freed(store, () => {
    left = expire(store, now).map(String).toSorted();
  });
  const [told, expected] = [answer.toSorted(), left].map((ids) => ids.join(', '));
  if (told !== expected) {
    throw new Violation(
      `the leases of [${told}] have run out, where those of [${expected}] have (at ${now})`,
    );
  }
  if (runs > 0) store.exercised.note('expire: frees a run');
}

/** How many runs lose their owner by it. */
function freed({ runs, touched }: TracedStore, step: () => void): number {
  const owned = runs.filter(({ owner }) => owner !== null);
  step();
  const free = owned.filter(({ owner }) => owner === null);
  for (const run of free) touched.add(run);
  return free.length;
}

export function traceStrand(store: TracedStore, now: number, answer: number): void {
  const serving = store.workers.map(({ id }) => store.serves.get(String(id))!);
  const stranded = store.runs.filter(
    (run) => !serving.some((worker) => fits(worker, run)) && strand(run, now),
  );
  for (const run of stranded) store.touched.add(run);
  if (stranded.length !== answer) {
    throw new Violation(`${answer} runs become stuck, where it is ${stranded.length}`);
  }
  if (answer > 0) store.exercised.note('strand: a run is stuck');
}
