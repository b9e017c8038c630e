import { type Payload, type RunKey, runPurged, type TransactionWork } from 'stepwell/engine';
import type { Database } from './database.ts';
import { textOf } from './deeds.ts';

/**
 * Does work in a transaction of the store's database, and keeps its outcome in it.
 * @throws what the work throws; StepwellError `STORE_…`
 */
export function transact(
  database: Database,
  run: RunKey,
  key: string,
  work: TransactionWork,
): Promise<Payload | undefined> {
  const { schema } = database;
  return database.transaction(async (client) => {
    // Two attempts at one outcome go one after the other, and nobody purges the run meanwhile.
    await client.query(`select pg_advisory_xact_lock(${schema}.lock_number('outcome', $1))`, [
      `${run}/${key}`,
    ]);
    const { rows: runs } = await client.query(`select key from ${schema}.run where key = $1 for key share`, [
      run,
    ]);
    if (runs.length === 0) throw runPurged();
    const { rows: outcomes } = await client.query<{ value: string | null }>(
      `select value from ${schema}.outcome where run = $1 and key = $2`,
      [run, key],
    );
    const [kept] = outcomes;
    if (kept !== undefined) return kept.value === null ? undefined : (JSON.parse(kept.value) as Payload);
    const value = await database.fault(() => work(client));
    await client.query(`insert into ${schema}.outcome (run, key, value) values ($1, $2, $3)`, [
      run,
      key,
      textOf(value),
    ]);
    return value;
  });
}
