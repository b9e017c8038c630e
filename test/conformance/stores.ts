import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { openMemoryStore } from '../../packages/stepwell/src/store/memory/store.ts';
import { openSqliteStore } from '../../packages/stepwell/src/store/sqlite/open.ts';

import { openPostgres } from './postgres.ts';

/** Opens an empty store that belongs to one test alone; `discard` leaves nothing of it. */
export type OpenStore = () => Promise<{ readonly store: Store; readonly discard: () => Promise<void> }>;

/** Every store that the suite runs on. */
export const STORES: Readonly<Record<string, OpenStore>> = {
  memory: openMemory,
  sqlite: openSqlite,
  postgres: openPostgres,
};

async function openMemory() {
  const store = openMemoryStore();
  return { store, discard: () => store.close() };
}

/** In memory where there is such a place: what is tested here is what a store answers, not what a disk keeps. */
const DIRECTORIES = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

async function openSqlite() {
  const directory = await mkdtemp(join(DIRECTORIES, 'stepwell-conformance-'));
  const store = openSqliteStore({
    path: join(directory, 'stepwell.db'),
    owner: 'conformance suite',
    now: () => 0,
    soon: (callback) => void setImmediate(callback),
  });
  const discard = async () => {
    await store.close();
    await rm(directory, { recursive: true });
  };
  return { store, discard };
}
