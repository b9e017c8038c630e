import type { ListOptions, RunEvent, Stepwell } from 'stepwell';

/** Characters of runs or events after which a page ends before its limit: each of them may hold megabytes. */
const MOST_CHARACTERS = 8 * 1024 * 1024;

/** Runs that are read at once at first; then four times as many each time, as long as they are small. */
const FIRST_RUNS = 50;
const DEFAULT_LIMIT = 50;

/** The text of a page of runs, newest first: `{ runs, cursor? }`. @throws StepwellError what `Stepwell.list` throws */
export async function runPage(
  well: Stepwell,
  { limit = DEFAULT_LIMIT, ...options }: ListOptions,
): Promise<string> {
  const texts: string[] = [];
  let { cursor } = options;
  let characters = 0;
  for (let most = FIRST_RUNS; ; most *= 4) {
    const at = cursor === undefined ? {} : { cursor };
    const page = await well.list({ ...options, ...at, limit: Math.min(most, limit - texts.length) });
    for (const run of page.runs) {
      const text = JSON.stringify(run);
      texts.push(text);
      characters += text.length;
    }
    ({ cursor } = page);
    // The next ones, four times as many, may be as large as these.
    if (cursor === undefined || texts.length === limit || 5 * characters > MOST_CHARACTERS) break;
  }
  return `{"runs":[${texts.join()}]${cursor === undefined ? '' : `,"cursor":${JSON.stringify(cursor)}`}}`;
}

/** The text of a page of a journal: `{ events, next? }`. @throws whatever reading the events throws */
export async function eventPage(events: AsyncIterable<RunEvent>, limit: number): Promise<string> {
  const texts: string[] = [];
  let characters = 0;
  let next = '';
  for await (const event of events) {
    if (texts.length === limit || characters > MOST_CHARACTERS) {
      next = `,"next":${event.position}`;
      break;
    }
    const text = JSON.stringify(event);
    texts.push(text);
    characters += text.length;
  }
  return `{"events":[${texts.join()}]${next}}`;
}
