import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Fact, NumberedFact } from '../../model/fact.ts';
import type { FinalStatus, RunKey, RunStatus } from '../../model/run.ts';
import type { CallbackFact, DeliverAnswer, Delivery, RunKeyOrId } from '../delivery.ts';
import { afterEnd, isForcedCancel, refusalOf, wakes } from '../inbox.ts';
import type { Newsroom } from '../newsroom.ts';
import type { Callbacks } from './callbacks.ts';
import { type FactRow, factOf } from './rows.ts';

/** What of a run's row a delivery needs. */
interface Addressee {
  readonly key: RunKey;
  readonly status: RunStatus;
  readonly owner: string | null;
  readonly begun: number;
  readonly delivered: number;
}

const ADDRESSEE = 'select key, status, owner, started_at is not null as begun, delivered from run';

/** Facts on their way from outside into a run's journal. */
export class Inboxes {
  readonly #callbacks: Callbacks;
  readonly #news: Newsroom;
  readonly #byKey: StatementSync;
  readonly #byId: StatementSync;
  readonly #insert: StatementSync;
  readonly #number: StatementSync;
  readonly #reopen: StatementSync;
  readonly #wake: StatementSync;
  readonly #letPass: StatementSync;
  readonly #force: StatementSync;
  readonly #unforce: StatementSync;
  readonly #select: StatementSync;
  readonly #take: StatementSync;
  readonly #drop: StatementSync;
  readonly #namespace: StatementSync;

  constructor(database: DatabaseSync, callbacks: Callbacks, news: Newsroom) {
    this.#callbacks = callbacks;
    this.#news = news;
    this.#byKey = database.prepare(`${ADDRESSEE} where key = ?`);
    this.#byId = database.prepare(`${ADDRESSEE} where namespace = ? and id = ?`);
    this.#insert = database.prepare('insert into inbox (run, number, fact) values (?, ?, ?)');
    this.#number = database.prepare('update run set delivered = ?2 where key = ?1');
    this.#wake = database.prepare(`
      update run set delivered = ?2, ready_at = min(coalesce(ready_at, blocked_at, ?3), ?3), blocked_at = null
      where key = ?1`);
    this.#reopen = database.prepare(`
      update run set status = 'queued', output = null, error = null, ended_at = null, begin_by = null where key = ?`);
    this.#letPass = database.prepare('update run set turn = -1, debounce_key = null where key = ?');
    this.#force = database.prepare('update run set forced = ?2 where key = ?1');
    this.#unforce = database.prepare('update run set forced = null where key = ? and forced <= ?');
    this.#select = database.prepare(
      'select number, fact from inbox where run = ? and number > ? order by number',
    );
    this.#drop = database.prepare('delete from inbox where run = ? and number = ?');
    this.#namespace = database.prepare('select namespace from run where key = ?');
    this.#take = database.prepare('delete from inbox where run = ? and number <= ?');
  }

  deliver({ to, now, fact }: Delivery): DeliverAnswer {
    if ('callback' in to) return this.#complete(to.callback, fact, now);
    const run = this.#find(to);
    if (run === undefined) return { delivered: false, because: 'unknown' };
    const because = refusalOf(run.status, fact);
    if (because !== null) return { delivered: false, because };
    this.#put(run, fact as Fact, now);
    return { delivered: true, run: run.key };
  }

  /** Puts a fact into the inbox of a run that is known to take it. */
  put(run: RunKey, fact: Fact, now: number): void {
    const addressee = this.#find({ key: run });
    if (addressee !== undefined) this.#put(addressee, fact, now);
  }

  after(run: RunKey, number: number): NumberedFact[] {
    return this.#select.all(run, number).map((row) => factOf(row as unknown as FactRow));
  }

  /** Facts up to that number are in the journal now. */
  take(run: RunKey, number: number): void {
    this.#take.run(run, number);
    this.#unforce.run(run, number);
  }

  /** A run has ended: what is left in its inbox is dropped, kept for a retry, or passed on to the run that goes on for it. */
  endOf(run: RunKey, status: FinalStatus, continuedBy: string | null, now: number): void {
    for (const { number, fact } of this.after(run, 0)) {
      const fate = afterEnd(status, fact);
      if (fate === 'kept') continue;
      this.#drop.run(run, number);
      if (fate !== 'passed on' || continuedBy === null) continue;
      const namespace = String(this.#namespace.get(run)?.['namespace']);
      this.deliver({ to: { namespace, id: continuedBy }, now, fact });
    }
  }

  #complete(callback: string, fact: Fact | CallbackFact, now: number): DeliverAnswer {
    const open = this.#callbacks.find(callback);
    const run = open === undefined ? undefined : this.#find({ key: open.run });
    if (open === undefined || run === undefined) return { delivered: false, because: 'unknown' };
    if (fact.type === 'callback') this.#callbacks.close(callback);
    this.#put(run, { ...fact, op: open.op } as Fact, now);
    return { delivered: true, run: run.key };
  }

  #find(to: RunKeyOrId): Addressee | undefined {
    const row = 'key' in to ? this.#byKey.get(to.key) : this.#byId.get(to.namespace, to.id);
    return row as Addressee | undefined;
  }

  #put(run: Addressee, fact: Fact, now: number): void {
    const number = run.delivered + 1;
    this.#insert.run(run.key, number, JSON.stringify(fact));
    if (fact.type === 'reopen') this.#reopen.run(run.key);
    if (fact.type === 'cancel' && run.owner === null && run.begun === 0) this.#letPass.run(run.key);
    if (isForcedCancel(fact)) this.#force.run(run.key, number);
    if (run.owner === null && wakes(run.status, run.begun === 1, fact)) {
      this.#wake.run(run.key, number, now);
      this.#news.ready(now);
    } else {
      this.#number.run(run.key, number);
      if (run.owner !== null) this.#news.fact(run.key);
    }
  }
}
