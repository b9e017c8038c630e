import { aptInstall, programsInPath } from '../programs.ts';

/** As distributions and Google call it. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/**
 * The Chromium of this machine; if there is none, and we are root on a Debian, it is installed.
 * @throws an error that says what was tried
 */
export async function findChromium(): Promise<string> {
  const found = inPath();
  if (found !== undefined) return found;
  try {
    await aptInstall('chromium');
  } catch (cause) {
    const message = `There is no browser in PATH to test with (${NAMES.join(', ')}). Install Chromium.`;
    throw new Error(message, { cause });
  }
  const installed = inPath();
  if (installed === undefined) throw new Error('apt-get has installed chromium, but PATH has none');
  return installed;
}

function inPath(): string | undefined {
  return NAMES.flatMap(programsInPath)[0];
}
