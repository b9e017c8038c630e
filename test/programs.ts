// Programs that tests need and that are no packages of npm: found on this machine, or installed by its package manager.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The files of that name in PATH that can be run, in its order. */
export function programsInPath(name: string): string[] {
  const places = (process.env['PATH'] ?? '').split(delimiter).map((entry) => join(entry, name));
  return places.filter((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** How long a hook may take in which something is perhaps installed (ms). */
export const INSTALL_LIMIT = 600_000;

const APT_GET = '/usr/bin/apt-get';
const FLOCK = '/usr/bin/flock';

/** @throws unless we are root on a Debian */
export function checkDebian(): void {
  if (process.getuid?.() !== 0) throw new Error('apt-get needs root');
  if (!existsSync(APT_GET)) throw new Error('there is no apt-get');
}

/**
 * Installs packages of Debian, without their services being started. Test files that do so at the same time, in
 * whatever process, wait for each other.
 * @throws if we are not root on a Debian, or it fails
 */
export async function aptInstall(...packages: readonly string[]): Promise<void> {
  checkDebian();
  console.error(`stepwell: installing ${packages.join(', ')} with apt-get …`);
  await aptGet('update');
  await aptGet('-y', '--no-install-recommends', 'install', ...packages);
}

async function aptGet(...args: readonly string[]): Promise<void> {
  // Somebody else's apt-get, too, is waited for; files of settings that are there already stay as they are.
  const options = ['DPkg::Lock::Timeout=300', 'Dpkg::Options::=--force-confold'].flatMap((one) => [
    '-o',
    one,
  ]);
  const command = [APT_GET, '-q', ...options, ...args];
  // A lock on a folder that every Debian has: nothing is left behind.
  const child = spawn(FLOCK, ['/etc/apt', ...command], {
    // What installers report goes to stderr: stdout belongs to the task.
    stdio: ['ignore', 2, 2],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command.join(' ')} failed with exit code ${code}`);
}
