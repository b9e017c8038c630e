import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { openMemoryStore } from '../../packages/stepwell/src/store/memory/store.ts';
import { openSqliteStore } from '../../packages/stepwell/src/store/sqlite/open.ts';

export type OpenStore = () => Store | Promise<Store>;

/** The stores that can be at the centre of a world. */
export const STORES: Readonly<Record<string, OpenStore>> = {
  memory: openMemoryStore,
  sqlite: openScratchFile,
};

/** A file that is gone when the store is closed. */
function openScratchFile(): Store {
  const directory = mkdtempSync(join(tmpdir(), 'stepwell-simulation-'));
  const store = openSqliteStore({
    path: join(directory, 'store.db'),
    owner: 'simulation',
    now: () => 0,
    // Not the scheduler's: to the simulated world a call is done when it arrives; what delays it is the network.
    soon: queueMicrotask,
  });
  const close = store.close.bind(store);
  store.close = async () => {
    await close();
    rmSync(directory, { recursive: true });
  };
  return store;
}
