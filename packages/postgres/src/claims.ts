import type { ClaimAnswer, ClaimedRun, ClaimRequest, Commit, JournalEvent, Fact } from 'stepwell/engine';
import { texts } from './arrays.ts';
import type { Database } from './database.ts';
import type { Lanes } from './lanes.ts';
import { type RunRow, runOf } from './rows.ts';

/** What is the same in the rows of all runs that are claimed. */
const CLAIMED = {
  status: 'running',
  ready_at: null,
  blocked_at: null,
  ended_at: null,
  slot: null,
  turn: null,
  debounce_key: null,
  continued_by: null,
  waiting_for: null,
  error: null,
  output: null,
} as const;

/** A run that was given: the rest of its row, its journal and its inbox as JSON. The last row has no run. */
interface ClaimedRow extends Omit<RunRow, keyof typeof CLAIMED | 'owner'> {
  readonly journal: string | null;
  readonly facts: string;
  readonly next_ready_at: number | null;
}

/** Gives ready runs to workers. */
export class Claims {
  readonly #database: Database;
  readonly #lanes: Lanes;
  readonly #call: string;

  constructor(database: Database, lanes: Lanes) {
    this.#database = database;
    this.#lanes = lanes;
    this.#call = `select * from ${database.schema}.claim($1, $2, $3, $4, $5)`;
  }

  async claim({ worker, kinds, queues, limit, now }: ClaimRequest): Promise<ClaimAnswer> {
    const parameters = [worker, texts(kinds), queues === null ? null : texts(queues), limit, Math.floor(now)];
    const rows = await this.#database.write<ClaimedRow>(this.#call, parameters, 'claim');
    const last = rows.pop()!;
    await this.#lanes.meet(rows.map(({ lane }) => lane));
    return { runs: rows.map((row) => this.#claimed(row, worker)), nextReadyAt: last.next_ready_at };
  }

  #claimed(row: ClaimedRow, owner: string): ClaimedRun {
    const journal =
      row.journal === null ? null : (JSON.parse(row.journal) as [number, number, JournalEvent[]][]);
    const facts = JSON.parse(row.facts) as [number, Fact][];
    return {
      run: runOf({ ...row, ...CLAIMED, owner }, this.#lanes.get(row.lane)),
      journal: journal?.map(([position, at, events]): Commit => ({ position, at, events })) ?? null,
      facts: facts.map(([number, fact]) => ({ number, fact })),
    };
  }
}
