import type { News, RunKey } from 'stepwell/engine';

/** PostgreSQL takes payloads of less than 8,000 bytes. All characters here are one byte. */
const MOST_CHARACTERS = 7_900;

/** What stands for news that did not fit, or that were not sent: whoever waits for something looks for it. */
const EVERYTHING = '*';

/**
 * News as the payload of a notification: the sender, then words. `r` and a time: runs are ready then. `f`, `j`, `e` and
 * the key of a run: it got a fact, its journal grew, it ended. Numbers are in base 36.
 */
export function encode(sender: string, news: readonly News[]): string {
  const words = new Set<string>();
  let readyAt = Number.POSITIVE_INFINITY;
  let characters = sender.length;
  for (const item of news) {
    if (item.type === 'missed') return everything(sender);
    if (item.type === 'ready') {
      readyAt = Math.min(readyAt, item.at);
      continue;
    }
    const kind = item.type === 'fact' ? 'f' : item.ended ? 'e' : 'j';
    const word = `${kind}${item.run.toString(36)}`;
    if (words.has(word)) continue;
    words.add(word);
    characters += word.length + 1;
    if (characters > MOST_CHARACTERS) return everything(sender);
  }
  if (readyAt !== Number.POSITIVE_INFINITY) words.add(`r${readyAt.toString(36)}`);
  return `${sender} ${[...words].join(' ')}`;
}

function everything(sender: string): string {
  return `${sender} ${EVERYTHING}`;
}

/** The sender, and what it has to say. Words that are not understood are those of a newer version. */
export function decode(payload: string): { sender: string; news: News[] } {
  const [sender = '', ...words] = payload.split(' ');
  const news: News[] = [];
  for (const word of words) {
    if (word === EVERYTHING) news.push({ type: 'missed' });
    const number: RunKey = Number.parseInt(word.slice(1), 36);
    if (Number.isNaN(number)) continue;
    if (word[0] === 'r') news.push({ type: 'ready', at: number });
    else if (word[0] === 'f') news.push({ type: 'fact', run: number });
    else if (word[0] === 'j') news.push({ type: 'journal', run: number, ended: false });
    else if (word[0] === 'e') news.push({ type: 'journal', run: number, ended: true });
  }
  return { sender, news };
}
