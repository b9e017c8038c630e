import { StepwellError } from 'stepwell';

/**
 * Refuses what a web page elsewhere sends through somebody's browser: that the server listens on loopback only does not
 * keep such requests out, since the browser runs on this machine too. A page that belongs to the server has its host as
 * origin; other programs send no origin at all.
 *
 * @param localOnly the server is for this machine only: a name that leads here by a foreign DNS answer (rebinding) is
 * refused as well
 * @throws StepwellError `ORIGIN_REFUSED`
 */
export function checkOrigin(headers: Headers, localOnly: boolean): void {
  const host = headers.get('host') ?? '';
  const origin = headers.get('origin');
  if (origin !== null && hostOf(origin) !== host) {
    throw refused(`a page of ${origin} asked for it through a browser`);
  }
  if (isPartOfForeignPage(headers)) throw refused('a page of another origin asked for it through a browser');
  if (localOnly && host !== '' && !isLocalName(host)) throw refused(`it was sent to the name ${host}`);
}

/**
 * Whether a browser asks for a script, a picture, a frame and the like of a page that is of another origin: it sends no
 * origin with these, but says (https://www.w3.org/TR/fetch-metadata/) for whom they are. What a link leads to is let in.
 */
function isPartOfForeignPage(headers: Headers): boolean {
  const site = headers.get('sec-fetch-site');
  if (site !== 'cross-site' && site !== 'same-site') return false;
  const mode = headers.get('sec-fetch-mode');
  return mode === 'no-cors' || (mode === 'navigate' && headers.get('sec-fetch-dest') !== 'document');
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}

/** The last one that was looked at: clients send the same over and over. */
let last = { host: '', isLocal: false };

function isLocalName(host: string): boolean {
  if (last.host !== host) last = { host, isLocal: leadsHere(host) };
  return last.isLocal;
}

function leadsHere(host: string): boolean {
  const url = `http://${host}`;
  const name = URL.canParse(url) ? new URL(url).hostname : '';
  return isLoopback(name.replace(/^\[(.*)\]$/, '$1')) || name.endsWith('.localhost');
}

/** Whether an address or name is of this machine only. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function refused(why: string): StepwellError {
  return new StepwellError(
    'ORIGIN_REFUSED',
    `The request was refused: ${why}. Send it from a page of this server, or from a program other than a browser.`,
  );
}
