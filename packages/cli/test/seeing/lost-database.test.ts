// What goes wrong where no caller hears of it stands in the log in its form: lines of JSON, and nothing between them.

import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { testDatabase } from '../../../../test/postgres/shared.ts';
import { start } from '../stepwell.ts';

test('a database that is gone is told in lines of JSON', async () => {
  const database = await testDatabase();
  const server = start(['server', '--store', database.url, '--port', '0', '--json']);
  onTestFinished(() => void server.kill('SIGKILL'));
  await once(createInterface(server.stdout), 'line');
  // The connection that listens is lost, and nothing of the database can be looked up any more.
  await database.drop();
  const told: string[] = [];
  for await (const line of createInterface(server.stderr)) {
    const { msg, error } = JSON.parse(line) as { msg: string; error: { name: string } };
    expect(error.name).toBe('StepwellError');
    told.push(msg);
    if (told.includes('The engine met an error.') && told.some((text) => text.startsWith('A schedule')))
      break;
  }
});
