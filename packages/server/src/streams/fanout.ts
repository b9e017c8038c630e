import { StepwellError, type Stepwell } from 'stepwell';
import type { News } from 'stepwell/engine';
import type { ErrorLog } from '../api.ts';
import { RedisFanout } from './redis-fanout.ts';

/**
 * How processes that share a store tell each other that journals have grown, where the store's own news do not reach
 * (PostgreSQL behind a pooler), or are not to be burdened. What is told are hints: the journal is the truth, and whoever
 * waits looks there every 5 s. A hint that is lost costs that time, one that is wrong or doubled costs a look.
 */
export interface Fanout {
  /** Tells all others. Neither waits nor throws. */
  publish(news: readonly News[]): void;
  /**
   * News of others; `missed` when some may have been lost. The answer ends it.
   */
  subscribe(heard: (news: News) => void): () => void;
  close(): Promise<void>;
}

/**
 * Spreads the news of an engine's store, and takes those of others in, so that whoever waits here for a run hears of it.
 *
 * @param fanout `redis://…`, `rediss://…`, or another way
 * @throws StepwellError `OPTION_INVALID`: the address is not understood. That nobody answers there is logged, and tried again.
 */
export async function openFanout(
  well: Stepwell,
  fanout: string | Fanout,
  log: ErrorLog,
): Promise<{ close(): Promise<void> }> {
  const way = typeof fanout === 'string' ? await openAddress(fanout, log) : fanout;
  const stopTelling = well.parts.store.subscribe((news) => {
    if (news.type === 'journal' || news.type === 'missed') way.publish([news]);
  });
  const stopHearing = way.subscribe((news) => well.parts.hear(news));
  return {
    close: async () => {
      stopTelling();
      stopHearing();
      await way.close();
    },
  };
}

function openAddress(address: string, log: ErrorLog): Promise<Fanout> {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || !['redis:', 'rediss:'].includes(url.protocol)) {
    throw new StepwellError(
      'OPTION_INVALID',
      'The fanout is given as the address of a Redis, redis://host:6379 or rediss://… with TLS.',
    );
  }
  return RedisFanout.open(url, log);
}
