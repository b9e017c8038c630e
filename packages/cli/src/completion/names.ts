import { connect } from 'stepwell/client';
import type { Kind } from './candidates.ts';

/** Whoever presses Tab does not wait longer (ms); without an answer there is nothing to offer. */
const PATIENCE = 2_000;
const MOST_RUNS = 50;

/** Names of what is on a server that begin so. A store is not opened for this: a SQLite file has one engine at a time. */
export async function namesOf(kind: Kind, prefix: string, server: string): Promise<string[]> {
  const signal = AbortSignal.timeout(PATIENCE);
  const client = connect(server, { fetch: (url, init) => fetch(url, { ...init, signal }) });
  try {
    switch (kind) {
      case 'run': {
        const beginning = prefix === '' ? {} : { idContains: prefix };
        return (await client.list({ ...beginning, limit: MOST_RUNS })).runs.map(({ id }) => id);
      }
      case 'workflow':
        return [...new Set((await client.workflows()).map(({ name }) => name))];
      case 'queue':
        return (await client.queues()).map(({ name }) => name);
      case 'schedule':
        return (await client.schedules.list()).map(({ name }) => name);
    }
  } catch {
    return [];
  }
}
