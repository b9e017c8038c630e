import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import type { Backend } from './backend.ts';
import { SqliteCommits, SqliteFloor } from './floor-sqlite.ts';

/** Files in a directory. */
export function sqliteBackend(directory: string): Backend {
  const file = (name: string) => join(directory, `${name}.db`);
  return {
    kind: 'sqlite',
    address: (name) => `sqlite:${file(name)}`,
    openFloor: async () => new SqliteFloor(file('floor')),
    openCommits: async () => new SqliteCommits(file('commits')),
    size: async (name) => {
      // All of the log is taken into the file.
      const database = new DatabaseSync(file(name));
      database.exec('pragma wal_checkpoint(truncate)');
      database.close();
      return statSync(file(name)).size;
    },
    limits: { sequential: { atMost: 2 }, throughput: { atLeast: 0.5 }, fanout: { atMost: 5 }, jobs: null },
  };
}
