import { StepwellError } from '../model/errors.ts';
import type { Store } from '../store/contract.ts';
import { openMemoryStore } from '../store/memory/store.ts';
import { openSqliteStore } from '../store/sqlite/open.ts';
import type { System } from '../engine/system.ts';
import { processName } from './system.ts';

/** What a package of a store exports. It is not imported by name: the library does not depend on it. */
interface PostgresPackage {
  readonly openPostgresStore: (options: {
    readonly url: string;
    readonly onError?: (error: unknown) => void;
  }) => Promise<Store>;
}

const POSTGRES_PACKAGE: string = '@stepwell/postgres';

/**
 * The store at an address: `sqlite:path/to/file.db`, `postgres://user:password@host/database` or `memory:`.
 * @param onError is told of what goes wrong where no caller hears of it
 * @throws StepwellError `STORE_UNKNOWN`, `STORE_NOT_INSTALLED`, and whatever opening it throws
 */
export async function openStore(
  address: string,
  system: System,
  onError?: (error: unknown) => void,
): Promise<Store> {
  if (address === 'memory:') return openMemoryStore();
  if (/^postgres(ql)?:/.test(address)) {
    const { openPostgresStore } = await postgresPackage();
    return openPostgresStore({ url: address, ...(onError !== undefined && { onError }) });
  }
  const path = /^sqlite:(.+)$/.exec(address)?.[1];
  if (path !== undefined)
    return openSqliteStore({
      path,
      owner: processName(),
      now: () => system.now(),
      soon: (callback) => system.soon(callback),
    });
  throw new StepwellError(
    'STORE_UNKNOWN',
    `The store "${hidePassword(address)}" is not understood. Give "sqlite:path/to/file.db", "postgres://user:password@host:5432/database" or "memory:".`,
  );
}

async function postgresPackage(): Promise<PostgresPackage> {
  try {
    return (await import(POSTGRES_PACKAGE)) as PostgresPackage;
  } catch (thrown) {
    const isMissing =
      thrown instanceof Error &&
      'code' in thrown &&
      thrown.code === 'ERR_MODULE_NOT_FOUND' &&
      thrown.message.includes(`'${POSTGRES_PACKAGE}'`);
    if (!isMissing) throw thrown;
    throw new StepwellError(
      'STORE_NOT_INSTALLED',
      `A store in PostgreSQL needs the package ${POSTGRES_PACKAGE}: npm install ${POSTGRES_PACKAGE}.`,
      { cause: thrown },
    );
  }
}

function hidePassword(address: string): string {
  return address.replace(/:\/\/[^@/]*@/, '://***@');
}
