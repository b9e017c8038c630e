import { isStepwellError } from 'stepwell';
import { fault, type Ground, well } from '../finding.ts';
import { lookAtConnections } from './connections.ts';
import { openPostgresProbe, type PostgresProbe } from './probe.ts';
import { lookAtPostgresRights } from './rights.ts';
import { lookAtSettings } from './settings.ts';

/** The database of a store; nothing in it is changed. */
export async function lookAtPostgres(url: string, now: () => number): Promise<Ground> {
  let probe: PostgresProbe;
  try {
    probe = await openPostgresProbe(url);
  } catch (error) {
    if (!isStepwellError(error)) throw error;
    const mend = MENDS[error.code] ?? 'Look into the log of the server.';
    return { findings: [fault('POSTGRES_CONNECTION', error.message, mend)], readable: false };
  }
  try {
    const settings = await lookAtSettings(probe);
    const rights = await lookAtPostgresRights(probe);
    const tables = await lookAtTables(probe, rights.level === 'ok');
    const answers = well('POSTGRES_CONNECTION', `PostgreSQL answers at ${probe.shown}`);
    const unusable = settings.some(({ level, code }) => level === 'error' && code !== 'POSTGRES_DURABILITY');
    const connections = unusable ? [] : await lookAtConnections(probe, now);
    const findings = [answers, ...settings, rights, ...tables.findings, ...connections];
    return { findings, readable: tables.readable && !unusable };
  } finally {
    await probe.close();
  }
}

const MENDS: Readonly<Record<string, string>> = {
  STORE_UNREACHABLE: 'Start PostgreSQL, or correct host, port and database of the address.',
  STORE_ACCESS_DENIED: 'Correct the user and the password of the address, or let that user in (pg_hba.conf).',
  STORE_NOT_INSTALLED: 'npm install @stepwell/postgres',
  STORE_UNKNOWN: 'Correct the address: postgres://user:password@host:5432/database.',
  OPTION_INVALID: 'Correct the parameters of the address.',
};

async function lookAtTables(probe: PostgresProbe, mayRead: boolean): Promise<Ground> {
  if (!mayRead) return { findings: [], readable: false };
  try {
    const { version, newest } = await probe.tables();
    const what =
      version === newest
        ? `The tables of schema ${probe.schema} have version ${version}`
        : version === 0
          ? `There are no tables in schema ${probe.schema} yet: the first engine makes them`
          : `The tables of schema ${probe.schema} have version ${version}; the next engine of this Stepwell brings them to ${newest}`;
    return { findings: [well('TABLES', what)], readable: version === newest };
  } catch (error) {
    if (!isStepwellError(error)) throw error;
    const mend =
      error.code === 'STORE_TOO_NEW'
        ? 'Install the Stepwell that wrote it, or a newer one.'
        : 'Name another schema in the address (?schema=…), or restore a backup.';
    return { findings: [fault('TABLES', error.message, mend)], readable: false };
  }
}
