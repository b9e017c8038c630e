import type { ClaimAnswer, ClaimedRun, ClaimRequest, Commit, JournalEvent, Fact } from 'stepwell/engine';
import { texts } from './arrays.ts';
import type { Database } from './database.ts';
import type { Lanes } from './lanes.ts';
import { type RunRow, runOf } from './rows.ts';

/** A run that was given: its row, its journal and its inbox as JSON. The last row has no run. */
interface ClaimedRow extends RunRow {
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
    this.#call = `select (c.run).*, c.journal, c.facts, c.next_ready_at from ${database.schema}.claim($1, $2, $3, $4, $5) c`;
  }

  async claim({ worker, kinds, queues, limit, now }: ClaimRequest): Promise<ClaimAnswer> {
    const parameters = [worker, texts(kinds), queues === null ? null : texts(queues), limit, Math.floor(now)];
    const rows = await this.#database.write<ClaimedRow>(this.#call, parameters, 'claim');
    const last = rows.pop()!;
    await this.#lanes.meet(rows.map(({ lane }) => lane));
    return { runs: rows.map((row) => this.#claimed(row)), nextReadyAt: last.next_ready_at };
  }

  #claimed(row: ClaimedRow): ClaimedRun {
    const journal =
      row.journal === null ? null : (JSON.parse(row.journal) as [number, number, JournalEvent[]][]);
    const facts = JSON.parse(row.facts) as [number, Fact][];
    return {
      run: runOf(row, this.#lanes.get(row.lane)),
      journal: journal?.map(([position, at, events]): Commit => ({ position, at, events })) ?? null,
      facts: facts.map(([number, fact]) => ({ number, fact })),
    };
  }
}
