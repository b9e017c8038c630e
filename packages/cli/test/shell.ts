import { aptInstall, programsInPath } from '../../../test/programs.ts';

/**
 * A shell of this machine; if it has none, and we are root on a Debian, it is installed.
 * @throws an error that says what was tried
 */
export async function findShell(name: 'zsh' | 'fish'): Promise<string> {
  const [found] = programsInPath(name);
  if (found !== undefined) return found;
  try {
    await aptInstall(name);
  } catch (cause) {
    throw new Error(`There is no ${name} in PATH to test completion with. Install it.`, { cause });
  }
  const [installed] = programsInPath(name);
  if (installed === undefined) throw new Error(`apt-get has installed ${name}, but PATH has none`);
  return installed;
}
