import { NewsChannel } from '../../../packages/postgres/src/news-channel.ts';
import { decode, encode } from '../../../packages/postgres/src/notification.ts';
import type { News } from '../../../packages/stepwell/src/store/contract.ts';

/** Keys of runs that are none: each stands behind the news of one moment, and says that these have arrived. */
const FIRST_MARK = 2 ** 50;
/** How long news may be under way, in real time (ms): on one machine it is far less than one. */
const LONGEST_WAY = 10_000;

/**
 * The news channel of one process, of which it can be known what it has told, and that this has arrived elsewhere. What
 * it has to tell goes out at once: that news wait for others is a delay like any other, and those are the simulated
 * network's.
 */
export class HeardChannel extends NewsChannel {
  readonly #ear: Ear;
  #lastMark = FIRST_MARK;
  #told: News[] = [];

  constructor(parts: Omit<ConstructorParameters<typeof NewsChannel>[0], 'heard'>) {
    const ear = new Ear();
    super({ ...parts, heard: (news) => ear.hear(news) });
    this.#ear = ear;
  }

  override tell(news: readonly News[]): void {
    if (news.length === 0) return;
    this.#told.push(...news);
    super.tell([...news, { type: 'fact', run: ++this.#lastMark }]);
  }

  /** What it has told since it was last asked, as others are to hear it. */
  takeTold(): readonly News[] {
    const told = this.#told;
    this.#told = [];
    return asTold(told);
  }

  /** What it has heard from another, when all that this has told is here. */
  async takeHeardFrom(other: HeardChannel): Promise<readonly News[]> {
    return asTold(await this.#ear.until(other.#lastMark));
  }
}

/** Whether news went in one notification or in several depends on the moment; what they say together does not. */
function asTold(news: readonly News[]): readonly News[] {
  return decode(encode('somebody', news)).news;
}

class Ear {
  #heard: News[] = [];
  #mark = FIRST_MARK;
  #reached: (() => void) | null = null;

  hear(news: readonly News[]): void {
    for (const item of news) {
      if (item.type === 'fact' && item.run > FIRST_MARK) this.#mark = item.run;
      else this.#heard.push(item);
    }
    this.#reached?.();
  }

  async until(mark: number): Promise<readonly News[]> {
    const late = setTimeout(() => this.#reached?.(), LONGEST_WAY);
    while (this.#mark < mark) {
      const before = this.#mark;
      await new Promise<void>((resolve) => (this.#reached = resolve));
      if (this.#mark === before)
        throw new Error(`what another process has told by NOTIFY was not heard within ${LONGEST_WAY} ms`);
    }
    clearTimeout(late);
    const heard = this.#heard;
    this.#heard = [];
    return heard;
  }
}
