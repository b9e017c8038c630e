import { statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** The store as somebody sees it who reads its file beside the engine, when nothing is in flight. */
export interface OnDisk {
  readonly file: number;
  readonly log: number;
  readonly runs: number;
  readonly journal: number;
  /** Inputs, and facts and callbacks that nobody waits for. */
  readonly inputs: number;
  readonly inbox: number;
  readonly callbacks: number;
  /** Rows of any table whose run is gone. */
  readonly orphans: number;
  readonly lanes: number;
}

const OF_RUNS = ['journal', 'inbox', 'callback', 'input'];

export function readRows(path: string): OnDisk {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const count = (what: string) =>
      Number(database.prepare(`select count(*) as rows from ${what}`).get()!['rows']);
    return {
      file: statSync(path).size,
      log: statSync(`${path}-wal`).size,
      runs: count('run'),
      journal: count('journal'),
      inputs: count('input'),
      inbox: count('inbox'),
      callbacks: count('callback'),
      orphans: OF_RUNS.reduce(
        (sum, table) => sum + count(`${table} where run not in (select key from run)`),
        0,
      ),
      lanes: count('lane'),
    };
  } finally {
    database.close();
  }
}
