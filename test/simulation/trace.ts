/** All that happened, a line each: the same seed gives the same text to the byte. */
export class Trace {
  readonly #lines: string[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  write(who: string, what: string): void {
    this.#lines.push(`${String(this.#now()).padStart(7)} ${who.padEnd(10)} ${what}`);
  }

  get text(): string {
    return `${this.#lines.join('\n')}\n`;
  }
}
