import type { AnyDefinition } from 'stepwell';
import { openSource } from '../export/run-source.ts';
import type { Place } from '../export/place.ts';
import { fault, type Finding, type Ground } from './finding.ts';
import { lookAtNode } from './node.ts';
import { lookAtPostgres } from './postgres/look.ts';
import { lookAtRuns } from './runs.ts';
import { lookAtServer } from './server.ts';
import { lookAtSqlite } from './sqlite/look.ts';

export interface DoctorOptions {
  readonly namespace: string;
  /** Files that are to be deployed; null: none were named. */
  readonly workflows: readonly AnyDefinition[] | null;
  readonly now: () => number;
}

/** Looks at a set-up from the bottom up; where the ground is broken, what stands on it is not looked at. */
export async function* examine(place: Place, options: DoctorOptions): AsyncGenerator<Finding> {
  yield* lookAtNode({ node: process.versions.node, sqlite: process.versions['sqlite'] });
  const { findings, readable } = await lookAtGround(place, options);
  yield* findings;
  if (!readable) return;
  const source = await openSource(place, options.namespace);
  try {
    yield* await lookAtRuns(source, options.workflows);
  } finally {
    await source.close();
  }
}

async function lookAtGround(place: Place, { now }: DoctorOptions): Promise<Ground> {
  if ('server' in place) return lookAtServer(place.server);
  const path = /^sqlite:(.+)$/.exec(place.store)?.[1];
  if (path !== undefined) return lookAtSqlite(path);
  if (/^postgres(ql)?:/.test(place.store)) return lookAtPostgres(place.store, now);
  const what = 'The address of the store is neither one of SQLite nor one of PostgreSQL.';
  const mend = 'Give sqlite:path/to/file.db, or postgres://user:password@host:5432/database.';
  return { findings: [fault('STORE_ADDRESS', what, mend)], readable: false };
}
