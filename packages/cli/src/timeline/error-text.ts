import { stripVTControlCharacters } from 'node:util';
import type { ErrorInfo } from 'stepwell';

/** An error for people: its code, or else its class, and its message, without what a terminal would obey. */
export function errorText(error: ErrorInfo): string {
  return stripVTControlCharacters(`${error.code ?? error.name}: ${error.message}`);
}
