import type { Client } from 'pg';
import { StepwellError } from 'stepwell';
import { MIGRATIONS, sqlOf } from './migrations.ts';

/** How long to wait for another process that is changing the tables (ms). */
const LONGEST_WAIT = 30_000;
/** `lock_not_available` */
const WAITED_TOO_LONG = '55P03';

/**
 * Brings the tables up to date: each migration in a transaction of its own. Processes that open the store at the same
 * moment do it one after the other.
 * @throws StepwellError `STORE_TOO_NEW`, `STORE_DAMAGED`, `STORE_IN_USE`; what the driver throws
 */
export async function migrate(
  client: Client,
  schema: string,
  shown: string,
  longestWait = LONGEST_WAIT,
): Promise<void> {
  if (await isUpToDate(client, schema, shown)) return;
  for (const migration of MIGRATIONS) {
    await client.query('begin');
    try {
      await client.query(`set local lock_timeout = ${longestWait}`);
      await client.query("select pg_advisory_xact_lock(hashtextextended('stepwell/migrate/' || $1, 0))", [
        schema,
      ]);
      const applied = await versionsOf(client, schema, shown);
      if (!applied.has(migration.version)) {
        const sql = sqlOf(migration, schema);
        await client.query(
          `${applied.size === 0 ? prepare(schema) : ''} set local search_path = ${schema}, pg_catalog; ${sql}`,
        );
        await client.query('insert into stepwell_version (version, checksum) values ($1, $2)', [
          migration.version,
          checksumOf(sqlOf(migration, '')),
        ]);
      }
      await client.query('commit');
    } catch (thrown) {
      await client.query('rollback').catch(() => {});
      throw isWait(thrown) ? tooLong(shown, longestWait, thrown) : thrown;
    }
  }
}

function prepare(schema: string): string {
  return `
    do $$ begin
      if to_regnamespace('${schema}') is null then create schema ${schema}; end if;
    end $$;
    create table ${schema}.stepwell_version (
      version integer primary key, checksum text not null, applied_at timestamptz not null default now());`;
}

/**
 * The version of the tables (0: there are none), and the one that this Stepwell makes; nothing is changed.
 * @throws StepwellError `STORE_TOO_NEW`, `STORE_DAMAGED`; what the driver throws
 */
export async function tablesOf(
  client: Client,
  schema: string,
  shown: string,
): Promise<{ version: number; newest: number }> {
  const applied = await versionsOf(client, schema, shown);
  return { version: Math.max(0, ...applied), newest: MIGRATIONS.length };
}

async function isUpToDate(client: Client, schema: string, shown: string): Promise<boolean> {
  const applied = await versionsOf(client, schema, shown);
  return MIGRATIONS.every(({ version }) => applied.has(version));
}

async function versionsOf(client: Client, schema: string, shown: string): Promise<ReadonlySet<number>> {
  const { rows: tables } = await client.query<{ name: string }>(
    'select table_name as name from information_schema.tables where table_schema = $1',
    [schema],
  );
  if (tables.length === 0) return new Set();
  if (!tables.some(({ name }) => name === 'stepwell_version')) {
    throw new StepwellError(
      'STORE_DAMAGED',
      `${shown} has tables, but not those of a Stepwell store. Name another schema.`,
    );
  }
  const { rows } = await client.query<{ version: number; checksum: string }>(
    `select version, checksum from ${schema}.stepwell_version order by version desc`,
  );
  for (const { version, checksum } of rows) check(version, checksum, shown);
  return new Set(rows.map(({ version }) => version));
}

function check(version: number, checksum: string, shown: string): void {
  const known = MIGRATIONS.find((migration) => migration.version === version);
  if (known === undefined) {
    throw new StepwellError(
      'STORE_TOO_NEW',
      `${shown} was written by a newer Stepwell: its tables have version ${version}, this Stepwell knows ${MIGRATIONS.length}. Install the newer one.`,
    );
  }
  if (checksumOf(sqlOf(known, '')) === checksum) return;
  throw new StepwellError(
    'STORE_TOO_NEW',
    `${shown} was written by another build of Stepwell: its tables of version ${version} are not the ones that this build makes. Open it with the build that made it.`,
  );
}

function isWait(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === WAITED_TOO_LONG;
}

function tooLong(shown: string, waited: number, cause: unknown): StepwellError {
  return new StepwellError(
    'STORE_IN_USE',
    `Another process has been changing the tables of ${shown} for more than ${waited / 1000} s. Wait until it has done so, and open the store again.`,
    { cause },
  );
}

/** FNV-1a, 32 bits: enough to notice an edited migration. */
function checksumOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
