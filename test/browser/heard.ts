import type { Page } from 'playwright-core';
import { setTimeout } from 'node:timers/promises';

declare global {
  /** In a page: tells the test something. */
  var tell: (what: unknown) => Promise<void>;
}

/** How long a test waits for what a page is to tell (ms). */
const PATIENCE = 12_000;

/** What a page tells its test, as it happens. */
export class Heard<T> {
  readonly all: T[] = [];
  #news = Promise.withResolvers<void>();

  private constructor() {}

  /** Everything that goes wrong in the page is told as well: a test that waits in vain shows it. */
  static async from<T>(page: Page): Promise<Heard<T>> {
    const heard = new Heard<T>();
    await page.exposeFunction('tell', (what: T) => heard.#take(what));
    page.on('pageerror', (error) => heard.#take({ pageError: error.message } as T));
    return heard;
  }

  /** What of it fits. */
  where(fits: (what: T) => boolean): T[] {
    return this.all.filter(fits);
  }

  /** Resolves once so many that fit have been told. @throws what has been told, if they do not come */
  async atLeast(count: number, fits: (what: T) => boolean): Promise<void> {
    const timeout = new AbortController();
    const late = setTimeout(PATIENCE, 'late' as const, { signal: timeout.signal }).catch(
      () => 'late' as const,
    );
    try {
      while (this.where(fits).length < count) {
        if ((await Promise.race([this.#news.promise, late])) === 'late')
          throw new Error(
            `of ${this.all.length} things that the page has told the last are ${JSON.stringify(this.all.slice(-5))}`,
          );
      }
    } finally {
      timeout.abort();
    }
  }

  #take(what: T): void {
    this.all.push(what);
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}
