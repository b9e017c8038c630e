import { stripVTControlCharacters, styleText } from 'node:util';
import { writeOut } from './standard-output.ts';

/** Where a command writes: results to stdout, everything else to stderr, so that stdout can be piped on. */
export class Output {
  /** Results are JSON, for programs. */
  readonly json: boolean;
  /** Writes notes while something is drawn at the end of the terminal to which they would go. */
  noteWriter: ((line: string) => void) | undefined;

  constructor(json: boolean) {
    this.json = json;
  }

  /** Characters in a line; what is not a terminal has no limit. */
  get width(): number {
    return process.stdout.columns ?? Number.POSITIVE_INFINITY;
  }

  /** A result in both of its forms; one JSON value is one line. */
  result(value: object, lines: () => readonly string[]): void {
    const text = this.json ? [JSON.stringify(value)] : lines();
    for (const line of text) writeOut(`${line}\n`);
  }

  /** Something on the side, for people only. */
  note(text: string): void {
    if (this.json) return;
    if (this.noteWriter !== undefined) return this.noteWriter(text);
    // It was coloured for stdout, which may be a terminal while stderr is not.
    process.stderr.write(`${process.stderr.isTTY ? text : stripVTControlCharacters(text)}\n`);
  }

  error(code: string, message: string, more: object = {}): void {
    const text = this.json
      ? JSON.stringify({ error: { code, message, ...more } })
      : `${styleText('red', code, { stream: process.stderr })}: ${message}`;
    process.stderr.write(`${text}\n`);
  }
}
