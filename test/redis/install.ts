import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * The `redis-server` of this machine; if there is none, and we are root on a Debian, it is installed.
 * @throws an error that says what was tried
 */
export function findRedis(): string {
  const found = inPath() ?? (aptInstall(), inPath());
  if (found === undefined) throw new Error('apt-get has installed redis-server, but PATH has none');
  return found;
}

function inPath(): string | undefined {
  const places = (process.env['PATH'] ?? '').split(delimiter).map((entry) => join(entry, 'redis-server'));
  return places.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function aptInstall(): void {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new Error('There is no redis-server in PATH to test with. Install Redis 7 or newer.');
  }
  console.error('stepwell: installing Redis with apt-get …');
  const aptGet = (...args: string[]) => run('apt-get', args);
  aptGet('-q', 'update');
  aptGet('-q', '-y', '--no-install-recommends', 'install', 'redis-server');
}

function run(command: string, args: readonly string[]): void {
  const { status } = spawnSync(command, args, {
    // What installers report goes to stderr: stdout belongs to the task.
    stdio: ['ignore', 2, 2],
    // The package would start a server of its own where it finds a system that starts services.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed with exit code ${status}`);
}
