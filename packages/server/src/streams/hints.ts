import type { News } from 'stepwell/engine';
import { z } from 'zod';

/** More than these are one: look at all. */
const MOST_RUNS = 1_000;

const Hints = z.object({
  from: z.string(),
  /** Runs whose journals have grown, and that have ended. */
  grown: z.array(z.int()),
  ended: z.array(z.int()),
  missed: z.boolean(),
});

const MISSED: News = { type: 'missed' };

/** What a message between processes says. */
export function encodeHints(from: string, news: readonly News[]): string {
  const runs = { grown: new Set<number>(), ended: new Set<number>() };
  for (const one of news) if (one.type === 'journal') runs[one.ended ? 'ended' : 'grown'].add(one.run);
  const tooMany = runs.grown.size + runs.ended.size > MOST_RUNS;
  const missed = tooMany || news.some(({ type }) => type === 'missed');
  const [grown, ended] = missed ? [[], []] : [[...runs.grown], [...runs.ended]];
  return JSON.stringify({ from, grown, ended, missed });
}

/** Whatever came over the channel: what is not understood may have been anything. */
export function decodeHints(message: string): { sender: string | null; news: News[] } {
  const parsed = Hints.safeParse(jsonOrNull(message));
  if (!parsed.success) return { sender: null, news: [MISSED] };
  const { from, grown, ended, missed } = parsed.data;
  const journal = (run: number, ended: boolean): News => ({ type: 'journal', run, ended });
  return {
    sender: from,
    news: [
      ...(missed ? [MISSED] : []),
      ...grown.map((run) => journal(run, false)),
      ...ended.map((run) => journal(run, true)),
    ],
  };
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
