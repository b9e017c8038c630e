import { StepwellError } from '../model/errors.ts';
import type { Store } from '../store/contract.ts';
import { openMemoryStore } from '../store/memory/store.ts';
import { openSqliteStore } from '../store/sqlite/open.ts';
import type { System } from '../engine/system.ts';
import { optionalPackage } from './optional-package.ts';
import { processName } from './system.ts';

/** What the package of the store exports. */
interface PostgresPackage {
  readonly openPostgresStore: (options: {
    readonly url: string;
    readonly onError?: (error: unknown) => void;
  }) => Promise<Store>;
}

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
    const { openPostgresStore } = await optionalPackage<PostgresPackage>(
      '@stepwell/postgres',
      'A store in PostgreSQL needs',
    );
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

function hidePassword(address: string): string {
  return address.replace(/:\/\/[^@/]*@/, '://***@');
}
