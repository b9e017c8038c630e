import type { RunKey } from '../model/run.ts';
import type { RunEnd } from './commit.ts';
import type { News } from './contract.ts';

/** Gathers the news of what is being written; they go out once it is durable, or are forgotten if it never is. */
export class Newsroom {
  readonly #listeners = new Set<(news: News) => void>();
  #news: News[] = [];
  /** Many runs become ready in one transaction; a worker only needs to know the first time of them. */
  #readyAt = Number.POSITIVE_INFINITY;

  ready(at: number): void {
    if (at < this.#readyAt) this.#readyAt = at;
  }

  fact(run: RunKey): void {
    if (this.#listeners.size > 0) this.#news.push({ type: 'fact', run });
  }

  journal(run: RunKey, end: RunEnd | undefined): void {
    if (this.#listeners.size === 0) return;
    this.#news.push(
      end === undefined ? { type: 'journal', run, ended: false } : { type: 'journal', run, ended: true, end },
    );
  }

  /** The news since the last time, for {@link Newsroom.publish}. */
  take(): News[] {
    const news = this.#news;
    if (this.#readyAt !== Number.POSITIVE_INFINITY) news.push({ type: 'ready', at: this.#readyAt });
    this.forget();
    return news;
  }

  forget(): void {
    this.#news = [];
    this.#readyAt = Number.POSITIVE_INFINITY;
  }

  publish(news: readonly News[]): void {
    for (const item of news) {
      for (const listener of this.#listeners) listener(item);
    }
  }

  subscribe(listener: (news: News) => void): () => void {
    // Wrapped, so that a function that subscribes twice is two subscriptions.
    const own = (news: News) => listener(news);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }
}
