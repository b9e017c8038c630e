import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { QueueRecord } from '../../model/queue.ts';
import type { RunStatus } from '../../model/run.ts';
import type { Lane, Lanes } from './lanes.ts';
import type { Queues } from './queues.ts';

/** What is known of the queues of a namespace. */
export class QueueList {
  readonly #lanes: Lanes;
  readonly #queues: Queues;
  readonly #counts: StatementSync;
  readonly #running: StatementSync;
  readonly #oldest: StatementSync;

  constructor(database: DatabaseSync, lanes: Lanes, queues: Queues) {
    this.#lanes = lanes;
    this.#queues = queues;
    this.#counts = database.prepare(
      'select status, count(*) as runs from run where owner is null and lane = ? group by status',
    );
    this.#running = database.prepare('select count(*) as runs from run where owner is not null and lane = ?');
    this.#oldest = database.prepare(`
      select key, created_at from run where owner is null and lane = ? and status = 'queued' and namespace = ?
      order by key limit 1`);
  }

  of(namespace: string): QueueRecord[] {
    const lanes = this.#lanes.matching((lane) => lane.namespace === namespace);
    const names = new Set(
      [...this.#queues.all()].filter((one) => one.namespace === namespace).map(({ name }) => name),
    );
    const byQueue = Map.groupBy(lanes, ({ queue }) => queue);
    const found: QueueRecord[] = [];
    for (const name of [...new Set([...names, ...byQueue.keys()])].toSorted()) {
      const record = this.#recordOf(namespace, name, byQueue.get(name) ?? []);
      // A lane stays when its last run is purged.
      if (names.has(name) || Object.keys(record.counts).length > 0) found.push(record);
    }
    return found;
  }

  #recordOf(namespace: string, name: string, lanes: readonly Lane[]): QueueRecord {
    const settings = this.#queues.of({ namespace, queue: name });
    const counts: Partial<Record<RunStatus, number>> = {};
    let oldest: Oldest | undefined;
    for (const { id } of lanes) {
      for (const [status, runs] of this.#countsOf(id)) counts[status] = (counts[status] ?? 0) + runs;
      const first = this.#oldest.get(id, namespace) as Oldest | undefined;
      if (first !== undefined && (oldest === undefined || first.key < oldest.key)) oldest = first;
    }
    return {
      namespace,
      name,
      limits: settings?.limits ?? {},
      paused: settings?.paused ?? null,
      counts,
      queuedSince: oldest?.created_at ?? null,
      holds: this.#queues.holds({ namespace, queue: name }),
    };
  }

  #countsOf(lane: number): (readonly [RunStatus, number])[] {
    const rows = this.#counts.all(lane);
    const counts = rows.map(({ status, runs }) => [status as RunStatus, Number(runs)] as const);
    const running = Number(this.#running.get(lane)?.['runs']);
    return running === 0 ? counts : [...counts, ['running', running]];
  }
}

interface Oldest {
  readonly key: number;
  readonly created_at: number;
}
