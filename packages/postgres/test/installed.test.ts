import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('without the package, opening says what is to be installed', async () => {
  const program = fileURLToPath(new URL('without-package.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program]);
  expect(stdout).toContain('STORE_NOT_INSTALLED');
  expect(stdout).toContain('npm install @stepwell/postgres');
});
