import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Failure } from '../../model/failure.ts';
import { kindOf } from '../fit.ts';
import type { WorkerRecord } from '../records.ts';
import { fits } from '../fit.ts';
import type { Newsroom } from '../newsroom.ts';
import type { Lanes } from './lanes.ts';
import { type WorkerRow, workerOf } from './rows.ts';

const DISOWN = "update run set owner = null, status = 'queued', ready_at = ?1";

/** The engine that had the file before is gone, and all its workers with it. */
export function retireDeadEngine(database: DatabaseSync, now: number): void {
  database.exec('begin immediate; delete from worker');
  database.prepare(`${DISOWN} where owner is not null`).run(now);
  database.exec('commit');
}

/** Who is there to run runs, and what becomes of runs when nobody is. */
export class Workers {
  readonly #lanes: Lanes;
  readonly #news: Newsroom;
  readonly #upsert: StatementSync;
  /** Ids of all that are registered: asked at every start of a run. */
  readonly #known = new Set<string>();
  readonly #select: StatementSync;
  readonly #renew: StatementSync;
  readonly #expired: StatementSync;
  readonly #delete: StatementSync;
  readonly #disown: StatementSync;
  readonly #strandReady: StatementSync;
  readonly #strandInLine: StatementSync;
  readonly #strandBlocked: StatementSync;
  readonly #unstrand: StatementSync;

  constructor(database: DatabaseSync, lanes: Lanes, news: Newsroom) {
    this.#lanes = lanes;
    this.#news = news;
    this.#upsert = database.prepare('insert or replace into worker values (?, ?, ?, ?, ?, ?, ?)');
    this.#select = database.prepare('select * from worker order by id');
    this.#renew = database.prepare('update worker set heartbeat_at = ?2, expires_at = ?3 where id = ?1');
    this.#expired = database.prepare('select id from worker where expires_at <= ? order by id');
    this.#delete = database.prepare('delete from worker where id = ?');
    this.#disown = database.prepare(`${DISOWN} where owner is not null and owner = ?2`);
    const strand = `update run set status = 'stuck', ready_at = null, blocked_at = null, turn = iif(turn < 0, turn, null),
        error = ?2, waiting_for = ?3
      where lane = ?1 and forced is null and`;
    this.#strandReady = database.prepare(`${strand} turn is null and ready_at <= ?4`);
    this.#strandInLine = database.prepare(`${strand} turn >= -1 and ready_at <= ?4`);
    this.#strandBlocked = database.prepare(`${strand} blocked_at is not null`);
    this.#unstrand = database.prepare(`
      update run set status = 'queued', ready_at = min(coalesce(ready_at, blocked_at, ?2), ?2), blocked_at = null,
        waiting_for = '[]', error = null
      where owner is null and lane = ?1 and status = 'stuck'`);
    this.reload();
  }

  has(worker: string): boolean {
    return this.#known.has(worker);
  }

  /** After a rollback: who was registered in the transaction is not. */
  reload(): void {
    this.#known.clear();
    for (const { id } of this.all()) this.#known.add(id);
  }

  all(): WorkerRecord[] {
    return this.#select.all().map((row) => workerOf(row as unknown as WorkerRow));
  }

  register(worker: WorkerRecord): void {
    const before = this.all().find(({ id }) => id === worker.id);
    const { id, name, kinds, queues, startedAt, heartbeatAt, expiresAt } = worker;
    const queuesText = queues === null ? null : JSON.stringify(queues);
    this.#known.add(id);
    this.#upsert.run(id, name, JSON.stringify(kinds), queuesText, startedAt, heartbeatAt, expiresAt);
    for (const lane of this.#lanes.fitting(worker)) {
      if (before !== undefined && fits(before, lane)) continue;
      if (this.#unstrand.run(lane.id, heartbeatAt).changes !== 0) this.#news.ready(heartbeatAt);
    }
  }

  heartbeat(worker: string, now: number, expiresAt: number): boolean {
    return this.#renew.run(worker, now, expiresAt).changes === 1;
  }

  retire(worker: string, now: number): void {
    this.#known.delete(worker);
    this.#delete.run(worker);
    if (this.#disown.run(now, worker).changes !== 0) this.#news.ready(now);
  }

  expire(now: number): string[] {
    const left = this.#expired.all(now).map(({ id }) => String(id));
    for (const worker of left) this.retire(worker, now);
    return left;
  }

  strand(now: number, error: Failure): number {
    const workers = this.all();
    const errorText = JSON.stringify(error);
    let stranded = 0;
    for (const { id, workflow, version } of this.#lanes.matching(
      (lane) => !workers.some((one) => fits(one, lane)),
    )) {
      const reason = JSON.stringify([{ kind: 'no worker', detail: kindOf(workflow, version), error }]);
      stranded += Number(this.#strandReady.run(id, errorText, reason, now).changes);
      stranded += Number(this.#strandInLine.run(id, errorText, reason, now).changes);
      stranded += Number(this.#strandBlocked.run(id, errorText, reason).changes);
    }
    return stranded;
  }
}
