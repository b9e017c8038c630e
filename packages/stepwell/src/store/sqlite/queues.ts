import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { hasNoSettings, type QueueChange, type QueueLimits, type QueuePause } from '../../model/queue.ts';
import { holdsOf, type QueueState } from '../queue-rules.ts';
import type { RunKey, WaitReason } from '../../model/run.ts';
import type { Newsroom } from '../newsroom.ts';
import type { Lane, Lanes } from './lanes.ts';

/** A queue with settings. */
export interface Queue {
  readonly id: number;
  readonly namespace: string;
  readonly name: string;
  readonly limits: QueueLimits;
  readonly paused: QueuePause | null;
}

/** The settings of queues. They are few, and kept in memory: most queues have none, and must cost nothing. */
export class Queues {
  readonly #lanes: Lanes;
  readonly #news: Newsroom;
  readonly #byName = new Map<string, Queue>();
  readonly #select: StatementSync;
  readonly #upsert: StatementSync;
  readonly #delete: StatementSync;
  readonly #forgetBeginnings: StatementSync;
  readonly #leaveLine: StatementSync;
  readonly #leaveBlockedLine: StatementSync;
  readonly #unblock: StatementSync;
  readonly #laneOf: StatementSync;
  readonly #active: StatementSync;
  readonly #begun: StatementSync;

  constructor(database: DatabaseSync, lanes: Lanes, news: Newsroom) {
    this.#lanes = lanes;
    this.#news = news;
    this.#select = database.prepare('select id, namespace, name, limits, paused from queue');
    this.#upsert = database.prepare(`
      insert into queue (namespace, name, limits, paused) values (?, ?, ?, ?)
      on conflict do update set limits = excluded.limits, paused = excluded.paused
      returning id, namespace, name, limits, paused`);
    this.#delete = database.prepare('delete from queue where id = ?');
    this.#forgetBeginnings = database.prepare('delete from beginning where queue = ?');
    this.#leaveLine = database.prepare(
      'update run set turn = null where lane = ? and turn >= 0 and ready_at is not null',
    );
    this.#leaveBlockedLine = database.prepare(
      'update run set turn = null where lane = ? and turn >= 0 and blocked_at is not null',
    );
    this.#unblock = database.prepare(
      'update run set ready_at = blocked_at, blocked_at = null where lane = ? and blocked_at is not null',
    );
    this.#laneOf = database.prepare('select lane from run where key = ?');
    this.#active = database.prepare('select count(*) as runs from run where owner is not null and lane = ?');
    this.#begun = database.prepare('select at from beginning where queue = ? order by at');
    this.reload();
  }

  /** After a rollback. */
  reload(): void {
    this.#byName.clear();
    for (const row of this.#select.all()) this.#keep(row as unknown as QueueRow);
  }

  /** The settings of a run's queue; undefined: it has none. */
  of({ namespace, queue }: { readonly namespace: string; readonly queue: string }): Queue | undefined {
    return this.#byName.size === 0 ? undefined : this.#byName.get(nameOf(namespace, queue));
  }

  get areUsed(): boolean {
    return this.#byName.size > 0;
  }

  /** Whether somebody may wait for the place of a run. */
  limitPlacesOf(run: RunKey): boolean {
    if (!this.areUsed) return false;
    const lane = Number(this.#laneOf.get(run)?.['lane']);
    return this.of(this.#lanes.get(lane))?.limits.concurrency !== undefined;
  }

  all(): Iterable<Queue> {
    return this.#byName.values();
  }

  set({ namespace, queue: name, limits: given, paused: pause, now }: QueueChange): void {
    const before = this.of({ namespace, queue: name });
    const limits = given ?? before?.limits ?? {};
    const paused = pause === undefined ? (before?.paused ?? null) : pause;
    this.#news.ready(now);
    if (hasNoSettings(limits, paused)) {
      if (before !== undefined) this.#drop(before);
      return;
    }
    const pauseText = paused === null ? null : JSON.stringify(paused);
    const row = this.#upsert.get(namespace, name, JSON.stringify(limits), pauseText);
    const queue = this.#keep(row as unknown as QueueRow);
    if (limits.rate === undefined) this.#forgetBeginnings.run(queue.id);
    // Who is blocked by its key has no turn yet, or may have a slot now.
    if (before === undefined || before.limits.perKey !== limits.perKey)
      for (const { id } of this.lanesOf(queue)) this.#unblock.run(id);
  }

  #drop(queue: Queue): void {
    for (const { id } of this.lanesOf(queue)) {
      this.#leaveBlockedLine.run(id);
      this.#unblock.run(id);
      this.#leaveLine.run(id);
    }
    this.#delete.run(queue.id);
    this.#byName.delete(nameOf(queue.namespace, queue.name));
  }

  lanesOf({ namespace, name }: Queue): Lane[] {
    return this.#lanes.matching((lane) => lane.namespace === namespace && lane.queue === name);
  }

  stateOf(queue: Queue): QueueState {
    const { name, limits, paused } = queue;
    const active = limits.concurrency === undefined ? 0 : this.#activeOf(queue);
    const begun = limits.rate === undefined ? [] : this.#begun.all(queue.id).map(({ at }) => Number(at));
    return { name, limits, paused, active, begun };
  }

  /** What holds runs of a queue back. */
  holds(place: { readonly namespace: string; readonly queue: string }): WaitReason[] {
    const queue = this.of(place);
    return queue === undefined ? [] : holdsOf(this.stateOf(queue));
  }

  #activeOf(queue: Queue): number {
    let active = 0;
    for (const { id } of this.lanesOf(queue)) active += Number(this.#active.get(id)?.['runs']);
    return active;
  }

  #keep({ id, namespace, name, limits, paused }: QueueRow): Queue {
    const queue: Queue = {
      id,
      namespace,
      name,
      limits: JSON.parse(limits) as QueueLimits,
      paused: paused === null ? null : (JSON.parse(paused) as QueuePause),
    };
    this.#byName.set(nameOf(namespace, name), queue);
    return queue;
  }
}

interface QueueRow {
  readonly id: number;
  readonly namespace: string;
  readonly name: string;
  readonly limits: string;
  readonly paused: string | null;
}

/** Names are of printable characters, so the parts cannot run into each other. */
function nameOf(namespace: string, name: string): string {
  return `${namespace}\n${name}`;
}
