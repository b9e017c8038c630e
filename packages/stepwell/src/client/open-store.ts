import type { System } from '../engine/system.ts';
import { StepwellError } from '../model/errors.ts';
import type { Store } from '../store/contract.ts';
import { openMemoryStore } from '../store/memory/store.ts';
import { openSqliteStore } from '../store/sqlite/open.ts';
import { processName } from './system.ts';

/**
 * The store at an address: `sqlite:path/to/file.db` or `memory:`.
 * @throws StepwellError `STORE_UNKNOWN`, and whatever opening it throws
 */
export function openStore(address: string, system: System): Store {
  if (address === 'memory:') return openMemoryStore();
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
    `The store "${hidePassword(address)}" is not understood. Give "sqlite:path/to/file.db" or "memory:".`,
  );
}

function hidePassword(address: string): string {
  return address.replace(/:\/\/[^@/]*@/, '://***@');
}
