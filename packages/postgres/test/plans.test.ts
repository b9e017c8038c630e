import { expect, test } from 'vitest';
import { openPostgresStore } from '../src/open.ts';
import { callsOf } from './calls.ts';
import { connect, databaseUrl, newSchema } from './database.ts';
import { FILLED, fillAlike, fillLanes, fillRest, RUNS } from './crowd.ts';
import { openCounted, type Reading } from './rows-read.ts';

// What statements read of tables with many rows, while the planner knows nothing of them, or what is no longer so. A plan
// is good if no call reads a part of a table that grows with it.

const TABLES = ['lane', ...FILLED];
/** Rows, or pages: a page of a list reads some hundreds. */
const MOST = RUNS / 10;

type Moment = 'empty' | 'alike' | 'full';

const SITUATIONS: readonly { analyzed: Moment | 'never'; planned: 'empty' | 'full' }[] = [
  { analyzed: 'never', planned: 'full' },
  { analyzed: 'never', planned: 'empty' },
  { analyzed: 'empty', planned: 'full' },
  { analyzed: 'empty', planned: 'empty' },
  { analyzed: 'alike', planned: 'full' },
  { analyzed: 'full', planned: 'full' },
];

test.for(SITUATIONS)(
  'no call reads all runs: analyzed $analyzed, planned $planned',
  {
    timeout: 60_000,
  },
  async ({ analyzed, planned }) => {
    const schema = newSchema();
    await (await openPostgresStore({ url: await databaseUrl(), schema })).close();
    const client = await connect();
    for (const table of TABLES)
      await client.query(`alter table ${schema}.${table} set (autovacuum_enabled = off)`);
    const reached = async (moment: Moment) => {
      if (moment === analyzed)
        await client.query(`analyze ${TABLES.map((table) => `${schema}.${table}`).join()}`);
    };
    await fillLanes(client, schema);
    await reached('empty');
    const early = planned === 'empty' ? await openCounted(schema) : null;
    if (early !== null) {
      for await (const call of callsOf(early.store, schema)) await call.work();
      for (const table of FILLED) await client.query(`delete from ${schema}.${table}`);
    }
    await fillAlike(client, schema);
    await reached('alike');
    await fillRest(client, schema);
    await reached('full');
    const { store, readingOf } = early ?? (await openCounted(schema));
    const readings: [string, Reading][] = [];
    for await (const { what, work } of callsOf(store, schema)) readings.push([what, await readingOf(work)]);
    expect(readings.filter(([, { rows, pages }]) => rows > MOST || pages > MOST)).toEqual([]);
    // They have found what is there.
    expect(new Map(readings).get('a page')!.rows).toBeGreaterThan(50);
  },
);
