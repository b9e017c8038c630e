import { stripVTControlCharacters } from 'node:util';
import type { ErrorInfo } from 'stepwell';

/** An error for people: its code, or else its class, its message and its cause, without what a terminal would obey. */
export function errorText({ code, name, message, cause }: ErrorInfo): string {
  // "fetch failed" alone says nothing: why it did is in the cause.
  const why = cause === undefined || message.includes(cause.message) ? '' : ` (${cause.message})`;
  return stripVTControlCharacters(`${code ?? name}: ${message}${why}`);
}
