import { aptInstall, programsInPath } from '../programs.ts';

/**
 * The `redis-server` of this machine; if there is none, and we are root on a Debian, it is installed.
 * @throws an error that says what was tried
 */
export async function findRedis(): Promise<string> {
  const [found] = programsInPath('redis-server');
  if (found !== undefined) return found;
  try {
    await aptInstall('redis-server');
  } catch (cause) {
    throw new Error('There is no redis-server in PATH to test with. Install Redis 7 or newer.', { cause });
  }
  const [installed] = programsInPath('redis-server');
  if (installed === undefined) throw new Error('apt-get has installed redis-server, but PATH has none');
  return installed;
}
