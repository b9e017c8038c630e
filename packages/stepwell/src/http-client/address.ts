import { StepwellError } from '../model/errors.ts';

/** @throws StepwellError `OPTION_INVALID` unless it is the address of a server */
export function checkServer(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !/^https?:$/.test(parsed.protocol) || parsed.search !== '' || parsed.hash !== '') {
    throw new StepwellError(
      'OPTION_INVALID',
      `The server ${JSON.stringify(withoutSecrets(url))} is not a URL such as http://127.0.0.1:8787.`,
    );
  }
  if (parsed.username !== '' || parsed.password !== '') {
    throw new StepwellError(
      'OPTION_INVALID',
      `The URL of the server at ${parsed.host} holds a user or a password, which fetch does not send. Give them as headers.`,
    );
  }
  return url.replace(/\/+$/, '');
}

function withoutSecrets(url: unknown): string {
  return String(url).replace(/\/\/[^@/]*@/, '//***@');
}

/**
 * A path whose parts may hold anything but what no path can: `.` and `..` mean something else there, even encoded.
 * What else an id or a name must be is for the server to say.
 * @throws StepwellError `ID_INVALID`
 */
export function path(parts: TemplateStringsArray, ...ids: readonly string[]): string {
  return parts.reduce((all, part, index) => all + segment(ids[index - 1]!) + part);
}

function segment(id: string): string {
  const isFit = typeof id === 'string' && id.isWellFormed() && !['', '.', '..'].includes(id);
  if (isFit) return encodeURIComponent(id);
  throw new StepwellError('ID_INVALID', `The id or name ${JSON.stringify(id)} cannot be part of a URL.`);
}

/**
 * With options as parameters, in the words of the API: `createdFrom` is `created_from`, a time is milliseconds since
 * 1970, several values are separated by commas.
 */
export function withQuery(address: string, options: object): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const parameter = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    query.set(parameter, String(value instanceof Date ? value.getTime() : value));
  }
  return query.size === 0 ? address : `${address}?${query.toString()}`;
}

/** Options as the body of a request says them: times as milliseconds since 1970, an input and the rest as they are. */
export function inBody(options: object): object {
  const entries = Object.entries(options).map(([name, value]) => [
    name,
    name !== 'input' && value instanceof Date ? value.getTime() : value,
  ]);
  return Object.fromEntries(entries) as object;
}
