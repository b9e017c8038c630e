import type { EventsOptions, RunEvent } from '../client/types.ts';
import { StepwellError } from '../model/errors.ts';
import { path, withQuery } from './address.ts';
import type { Http } from './http.ts';
import { resumedMessages } from './messages.ts';

/** The events of a run from a position on; with `follow` to its end, over lost connections, each once. */
export function readEvents(
  http: Http,
  id: string,
  { from = 0, follow = true, signal }: EventsOptions,
): AsyncGenerator<RunEvent, void> {
  if (!Number.isSafeInteger(from) || from < 0) {
    throw new StepwellError(
      'OPTION_INVALID',
      `Events are read from a position, a whole number from 0, not ${String(from)}.`,
    );
  }
  return follow ? followEvents(http, id, from, signal) : readHistory(http, id, from, signal);
}

async function* followEvents(
  http: Http,
  id: string,
  from: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<RunEvent, void> {
  const last = from === 0 ? undefined : String(from - 1);
  let next = from;
  for await (const { event, data } of resumedMessages(http, path`/v1/runs/${id}/stream`, last, signal)) {
    const read = eventOf(event, data);
    if (read === null || read.position < next) continue;
    next = read.position + 1;
    yield read;
  }
}

/** Null: the server says something else on the stream. */
function eventOf(type: string, data: string): RunEvent | null {
  const read = JSON.parse(data) as Partial<RunEvent>;
  return read.event?.type === type ? (read as RunEvent) : null;
}

async function* readHistory(
  http: Http,
  id: string,
  first: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<RunEvent, void> {
  for (let from: number | undefined = first; from !== undefined; ) {
    const page: { events: RunEvent[]; next?: number } = await http.get(
      withQuery(path`/v1/runs/${id}/history`, { from }),
      signal,
    );
    yield* page.events;
    from = page.next;
  }
}
