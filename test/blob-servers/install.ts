import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Servers that speak S3 and Azure Blob. Outside the lock file: they bring 400 packages that only these tests need. */
const SERVERS = ['s3rver@3.7.1', 'azurite@3.35.0'];
const CACHE = join(import.meta.dirname, '../../node_modules/.cache');

/**
 * Answers with the `node_modules` that has the servers.
 * @throws if they cannot be fetched
 */
export function blobServers(): string {
  const home = join(CACHE, 'stepwell-blob-servers');
  const modules = join(home, 'node_modules');
  if (existsSync(modules)) return modules;
  console.error(`stepwell: installing ${SERVERS.join(' and ')} …`);
  mkdirSync(CACHE, { recursive: true });
  // Put in place whole: another test file may be doing the same.
  const own = mkdtempSync(join(CACHE, 'stepwell-blob-servers-'));
  try {
    writeFileSync(join(own, 'package.json'), '{ "private": true }\n');
    const args = ['install', '--prefix', own, '--ignore-scripts', '--no-fund', '--no-audit', ...SERVERS];
    // What installers report goes to stderr: stdout belongs to the task.
    const { status, error } = spawnSync('npm', args, { stdio: ['ignore', 2, 2], cwd: own });
    if (status !== 0)
      throw new Error(`npm ${args.join(' ')} failed: ${error?.message ?? `exit code ${status}`}`);
    if (!existsSync(modules)) renameSync(own, home);
  } catch (error) {
    if (!existsSync(modules)) throw error;
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
  return modules;
}
