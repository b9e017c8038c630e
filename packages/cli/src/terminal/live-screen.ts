import type { WriteStream } from 'node:tty';

/** Events come in bursts: it is not drawn more often than this (ms). */
const SOON = 100;
/** What is under way takes longer by the second. */
const ROUND = 1_000;

const CLEAR_TO_END = '\x1b[0J';
/** Of lines that are too long: a line that goes on in the next one would not be counted. */
const CUT_OFF = '\x1b[?7l';
const WRAP = '\x1b[?7h';

/** Some lines at the end of a terminal that are drawn again in their place. */
export class LiveScreen {
  readonly #out: Pick<WriteStream, 'write' | 'rows'>;
  readonly #lines: () => Promise<readonly string[]>;
  readonly #round: NodeJS.Timeout;
  #soon: NodeJS.Timeout | undefined;
  #drawing: Promise<void> = Promise.resolve();
  #height = 0;
  #drawn = '';

  /** @param lines what is to be seen now; drawn no further than the terminal is high, but for the last time */
  constructor(out: Pick<WriteStream, 'write' | 'rows'>, lines: () => Promise<readonly string[]>) {
    this.#out = out;
    this.#lines = lines;
    this.#round = setInterval(() => this.drawSoon(), ROUND);
  }

  drawSoon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      this.#drawing = this.#drawing.then(() => this.#draw(this.#out.rows - 1)).catch(() => {});
    }, SOON);
  }

  /** Writes a line that stays, above what is drawn: written below it, it would be in the way when it is drawn again. */
  writeAbove(line: string): void {
    this.#out.write(`${this.#toItsBeginning()}${CUT_OFF}${line}\n${this.#drawn}${WRAP}`);
  }

  /** Draws it whole for the last time, and leaves it there. */
  async close(): Promise<void> {
    clearInterval(this.#round);
    clearTimeout(this.#soon);
    await this.#drawing;
    await this.#draw(Number.POSITIVE_INFINITY);
  }

  async #draw(most: number): Promise<void> {
    const all = await this.#lines();
    // The end of a long run is where things happen; its beginning says what it is.
    const lines = all.length <= most ? all : [all[0]!, '…', ...all.slice(all.length - most + 2)];
    const text = `${lines.join('\n')}\n`;
    const whole = most === Number.POSITIVE_INFINITY;
    this.#out.write(`${this.#toItsBeginning()}${whole ? text : CUT_OFF + text + WRAP}`);
    this.#height = lines.length;
    this.#drawn = text;
  }

  /** And clears what was there. */
  #toItsBeginning(): string {
    const up = this.#height === 0 ? '' : `\x1b[${this.#height}A`;
    return `${up}\r${CLEAR_TO_END}`;
  }
}
