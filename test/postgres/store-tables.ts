import type { Client } from 'pg';

/** What stays when a store is emptied to be used again: what processes remember of it, its name, and which migrations were made. */
const KEPT = ['lane', 'identity', 'stepwell_version'];

/** The tables of a store that are emptied to use it again, with the name of its schema. */
export async function storeTables(client: Client, schema: string): Promise<string[]> {
  const { rows } = await client.query<{ table: string }>(
    `select format('%I.%I', schemaname, tablename) as table from pg_tables
     where schemaname = $1 and tablename <> all ($2)`,
    [schema, KEPT],
  );
  return rows.map(({ table }) => table);
}
