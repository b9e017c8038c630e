import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase } from '../test/postgres/database.ts';
import { lendPostgres } from '../test/postgres/lend.ts';
import type { Backend } from './backend.ts';

/** Where workloads find a place of their own. */
export interface Ground {
  /** A directory, or the address of a database; empty, and nobody else's. */
  place(workload: string): Promise<Place>;
  close(): Promise<void>;
}

interface Place {
  readonly path: string;
  clear(): Promise<void>;
}

const TMPFS = 0x01021994;

export async function openGround(kind: Backend['kind']): Promise<Ground> {
  if (statfsSync(tmpdir()).type === TMPFS) {
    console.error(`${tmpdir()} is in memory, where nothing is durable: set TMPDIR to a directory on a disk`);
  }
  return kind === 'sqlite' ? directories() : databases();
}

function directories(): Ground {
  const scratch = mkdtempSync(join(tmpdir(), 'stepwell-bench-'));
  const remove = (path: string) => rmSync(path, { recursive: true, force: true });
  process.on('exit', () => remove(scratch));
  return {
    place: async (workload) => {
      const path = join(scratch, workload);
      mkdirSync(path);
      return { path, clear: async () => remove(path) };
    },
    close: async () => remove(scratch),
  };
}

/** With PostgreSQL's default durability. */
async function databases(): Promise<Ground> {
  const postgres = await lendPostgres();
  console.error(`PostgreSQL: ${postgres.origin}`);
  return {
    place: async () => {
      const database = await createDatabase(postgres.url);
      return { path: database.url, clear: () => database.drop() };
    },
    close: () => postgres.close(),
  };
}
