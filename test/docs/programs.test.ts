// Every TypeScript block of the documentation is type-checked with the rules of this repository; those with an output
// are run, and must print it.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { guidePages, ROOT } from './markdown.ts';
import { printedAs, samplesOf, Workbench } from './samples.ts';

const workbench = new Workbench();
afterAll(() => workbench.remove());

const programs = guidePages().flatMap((page) => {
  const folder = workbench.write(page);
  return samplesOf(page).flatMap(({ file, line, output }) =>
    output === null ? [] : [{ page: page.path, line, folder, file, output }],
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

test.for(programs)('$page:$line prints what it says', ({ folder, file, output }) => {
  const run = spawnSync(process.execPath, [file], { cwd: folder, encoding: 'utf8', timeout: 15_000 });
  expect(run.stderr).toBe('');
  expect(printedAs(run.stdout, output)).toBe(output);
  expect(run.status).toBe(0);
});

test('the guide has programs to run', () => {
  expect(programs.length).toBeGreaterThan(10);
});
