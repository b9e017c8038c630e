/** `error`: something does not work, or can lose data; `warning`: it works, and somebody should know. */
export type Level = 'ok' | 'warning' | 'error';

/** What `stepwell doctor` looks at; `docs/guide/replay.md` has a line for each. */
export type FindingCode =
  | 'NODE_VERSION'
  | 'SQLITE_VERSION'
  | 'STORE_ADDRESS'
  | 'STORE_FILE'
  | 'STORE_RIGHTS'
  | 'DISK_SPACE'
  | 'FILE_SYSTEM'
  | 'FILE_LOCKS'
  | 'STORE_LOCK'
  | 'TABLES'
  | 'POSTGRES_CONNECTION'
  | 'POSTGRES_VERSION'
  | 'POSTGRES_DURABILITY'
  | 'POSTGRES_WRITES'
  | 'POSTGRES_ISOLATION'
  | 'POSTGRES_AUTOVACUUM'
  | 'POSTGRES_CONNECTIONS'
  | 'POSTGRES_NOTIFICATIONS'
  | 'POSTGRES_CLOCK'
  | 'POSTGRES_RIGHTS'
  | 'SERVER_CONNECTION'
  | 'SERVER_READY'
  | 'SERVER_VERSION'
  | 'WORKERS'
  | 'WORKER_MISSING'
  | 'WORKER_LOST'
  | 'RUNS_STUCK'
  | 'QUEUE_PAUSED'
  | 'VERSION_MISSING';

export interface Finding {
  readonly level: Level;
  readonly code: FindingCode;
  /** What was found. */
  readonly what: string;
  /** What to do; of what is well, nothing. */
  readonly mend?: string;
}

/** What a store or a server stands on. */
export interface Ground {
  readonly findings: readonly Finding[];
  /** Its runs can be read. */
  readonly readable: boolean;
}

export function well(code: FindingCode, what: string): Finding {
  return { level: 'ok', code, what };
}

export function warning(code: FindingCode, what: string, mend: string): Finding {
  return { level: 'warning', code, what, mend };
}

export function fault(code: FindingCode, what: string, mend: string): Finding {
  return { level: 'error', code, what, mend };
}
