// The commands on a PostgreSQL whose runs a worker elsewhere executes meanwhile.

import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Stepwell } from 'stepwell';
import type { TestDatabase } from '../../../test/postgres/database.ts';
import { testDatabase } from '../../../test/postgres/shared.ts';
import { stepwell } from './stepwell.ts';
import { end, greet, waitForGo } from './workflows.ts';

const WORKFLOWS = join(import.meta.dirname, 'workflows.ts');

let database: TestDatabase;
let worker: Stepwell;

beforeEach(async () => {
  database = await testDatabase();
  worker = await Stepwell.open({ store: database.url, workflows: [greet, waitForGo, end] });
});

afterEach(async () => {
  await worker.close();
  await database.drop();
});

test('a run is started, waited for and watched beside its worker', async () => {
  const env = { STEPWELL_STORE: database.url };
  const started = await stepwell(['run', 'greet', '{"name":"Ann"}', '--wait', '--workflows', WORKFLOWS], {
    env,
  });
  expect(started).toMatchObject({ code: 0, stdout: '"Hello Ann"\n' });
  expect(started.stderr).toMatch(/✓ greet +"Hello Ann"\n/);
  const failed = await stepwell(['run', 'end', '"failure"', '--wait', '--workflows', WORKFLOWS, '--json'], {
    env,
  });
  expect(failed.code).toBe(1);
  expect(JSON.parse(failed.stdout)).toMatchObject({ status: 'failed' });
  await worker.start('wait', undefined, { id: 'w' });
  const watched = stepwell(['watch', 'w'], { env });
  expect(await stepwell(['raise', 'w', 'go', '7', '--json'], { env })).toMatchObject({ code: 0, stderr: '' });
  expect((await watched).stdout).toMatch(/succeeded +\{"came":7\}\n$/);
});

test('a store whose database is not there ends with 3', async () => {
  const ended = await stepwell(['list', '--store', 'postgres://nobody:secret@127.0.0.1:9/nothing']);
  expect(ended).toMatchObject({ code: 3, stderr: expect.stringMatching(/^STORE_UNREACHABLE: /) as string });
  expect(ended.stderr).not.toMatch(/secret/);
});
