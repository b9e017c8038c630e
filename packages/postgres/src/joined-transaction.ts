import type { ClientBase } from 'pg';
import { StepwellError } from 'stepwell';
import type { DeliverAnswer, Delivery, NewRun, RunRecord, StartAnswer } from 'stepwell/engine';
import type { Database } from './database.ts';
import { Flush, flushCall, type FlushRow } from './flush.ts';
import type { Lanes } from './lanes.ts';
import { channelOf } from './news-channel.ts';
import { encode } from './notification.ts';
import { type RunRow, runOf } from './rows.ts';
import { TYPES } from './types.ts';

/** Notifications of a user's transaction are from nobody, so that the process that began it hears them too. */
const NOBODY = '-';
/** `no_active_sql_transaction` */
const NO_TRANSACTION = '25P01';

interface JoinedParts {
  readonly client: ClientBase;
  readonly database: Database;
  readonly lanes: Lanes;
}

/** What is under way in the transaction of each client: calls go one after the other, each behind a savepoint. */
const underWay = new WeakMap<ClientBase, Promise<unknown>>();

/**
 * Starts and deliveries within a transaction that a user has begun. Each call is behind a savepoint: if it fails, the
 * transaction is as it was before. PostgreSQL itself passes the news on when the transaction is committed.
 */
export class JoinedTransaction {
  readonly #parts: JoinedParts;

  constructor(parts: JoinedParts) {
    this.#parts = parts;
  }

  /** @throws StepwellError `OPTION_INVALID`, `STORE_…` */
  async start(runs: readonly NewRun[]): Promise<StartAnswer[]> {
    await this.#parts.lanes.learn(runs);
    return this.#behindSavepoint(async () => {
      const answers: StartAnswer[] = [];
      // One by one: one may move the run that another has named, and they are few.
      for (const run of runs) answers.push(await this.#start(run));
      return answers;
    });
  }

  /** @throws StepwellError `OPTION_INVALID`, `STORE_…` */
  async deliver(deliveries: readonly Delivery[]): Promise<DeliverAnswer[]> {
    return this.#behindSavepoint(async () => {
      const flush = new Flush();
      flush.deliveries.push(...deliveries);
      return flush.deliverAnswers(await this.#flush(flush));
    });
  }

  async #start(run: NewRun): Promise<StartAnswer> {
    const flush = new Flush();
    flush.starts.push({ run, owner: null });
    const [started] = flush.startAnswers(await this.#flush(flush));
    if (started === 'exists') {
      const { schema } = this.#parts.database;
      const existing = await this.#run(
        `key = (select run from ${schema}.run_name where namespace = $1 and id = $2)`,
        [run.namespace, run.id],
      );
      if (existing !== null) return { created: false, existing };
      throw new StepwellError('STORE_FAILED', `The run "${run.id}" was purged meanwhile. Start it again.`);
    }
    if (!('moved' in started!)) return { created: true, ...started! };
    const existing = await this.#run('key = $1', [started.moved]);
    return { created: false, existing: existing!, moved: true };
  }

  async #flush(flush: Flush): Promise<FlushRow> {
    const { client, database, lanes } = this.#parts;
    const { rows } = await client.query<FlushRow>({
      text: flushCall(database.schema),
      values: flush.parameters(lanes),
      types: TYPES,
    });
    const row = rows[0]!;
    const news = flush.news(row, []);
    if (news.length > 0) {
      await client.query('select pg_notify($1, $2)', [channelOf(database.schema), encode(NOBODY, news)]);
    }
    return row;
  }

  /** As this transaction sees it, which may have made it. */
  async #run(condition: string, values: readonly unknown[]): Promise<RunRecord | null> {
    const { client, database, lanes } = this.#parts;
    const text = `select * from ${database.schema}.run where ${condition}`;
    const { rows } = await client.query<RunRow>({ text, values: [...values], types: TYPES });
    const [row] = rows;
    if (row === undefined) return null;
    await lanes.meet([row.lane]);
    return runOf(row, lanes.get(row.lane));
  }

  #behindSavepoint<T>(work: () => Promise<T>): Promise<T> {
    const { client } = this.#parts;
    const before = underWay.get(client) ?? Promise.resolve();
    const result = before.then(() => this.#isolated(work));
    underWay.set(
      client,
      result.catch(() => {}),
    );
    return result;
  }

  async #isolated<T>(work: () => Promise<T>): Promise<T> {
    const { client, database } = this.#parts;
    try {
      await this.#begin();
      try {
        const result = await work();
        await client.query('release savepoint stepwell');
        return result;
      } catch (thrown) {
        await client.query('rollback to savepoint stepwell; release savepoint stepwell').catch(() => {});
        throw thrown;
      }
    } catch (thrown) {
      throw database.explain(thrown);
    }
  }

  /** @throws StepwellError `OPTION_INVALID` if there is no transaction that can be joined; what the driver throws */
  async #begin(): Promise<void> {
    const { client } = this.#parts;
    const { rows } = await client.query<{ isolation: string }>(
      "select current_setting('transaction_isolation') as isolation",
    );
    const { isolation } = rows[0]!;
    // A statement of a function must see what others have committed while it waited for a lock.
    if (isolation !== 'read committed') throw wrongIsolation(isolation);
    await client.query('savepoint stepwell').catch((thrown: unknown) => {
      throw isWithoutTransaction(thrown) ? noTransaction() : thrown;
    });
  }
}

/** @throws StepwellError `OPTION_INVALID` */
export function demandClient(client: unknown): ClientBase {
  const isOne =
    typeof client === 'object' && client !== null && 'query' in client && typeof client.query === 'function';
  if (isOne) return client as ClientBase;
  throw new StepwellError('OPTION_INVALID', 'The option "client" must be a client of "pg".');
}

function isWithoutTransaction(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === NO_TRANSACTION;
}

function noTransaction(): StepwellError {
  return new StepwellError(
    'OPTION_INVALID',
    'The client has no open transaction. Send "begin" with it first; a pool takes another connection for each statement, so give one client of it.',
  );
}

function wrongIsolation(isolation: string): StepwellError {
  return new StepwellError(
    'OPTION_INVALID',
    `The transaction of the client is ${isolation}; Stepwell needs read committed: "begin isolation level read committed".`,
  );
}
