// Every TypeScript block of the documentation is type-checked with the rules of this repository; those with an output
// are run, and must print it; those that name a PostgreSQL get one.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { testDatabase } from '../postgres/shared.ts';
import { EXAMPLE_DATABASE } from './example-database.ts';
import { guidePages, ROOT } from './markdown.ts';
import { printedAs, samplesOf, Workbench } from './samples.ts';

const workbench = new Workbench();
afterAll(() => workbench.remove());

const programs = guidePages().flatMap((page) => {
  const folder = workbench.write(page);
  return samplesOf(page).flatMap(({ file, source, line, output }) =>
    output === null ? [] : [{ page: page.path, line, folder, file, source, output }],
  );
});

test('every block fits the types', () => {
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const { stdout } = spawnSync(tsc, ['--noEmit', '--pretty', 'false', '-p', workbench.folder], {
    encoding: 'utf8',
    cwd: workbench.folder,
  });
  expect(stdout).toBe('');
});

test.for(programs)('$page:$line prints what it says', async ({ folder, file, source, output }) => {
  if (source.includes(EXAMPLE_DATABASE)) {
    const database = await testDatabase();
    onTestFinished(() => database.drop());
    writeFileSync(join(folder, file), source.replaceAll(EXAMPLE_DATABASE, database.url));
  }
  const run = spawnSync(process.execPath, [file], { cwd: folder, encoding: 'utf8', timeout: 15_000 });
  expect(run.stderr).toBe('');
  expect(printedAs(run.stdout, output)).toBe(output);
  expect(run.status).toBe(0);
});

test('the guide has programs to run', () => {
  expect(programs.length).toBeGreaterThan(10);
});
