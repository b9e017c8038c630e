import type { FeedEvent, FeedOptions } from '../client/feed.ts';
import { withQuery } from './address.ts';
import type { Http } from './http.ts';
import { resumedMessages } from './messages.ts';

/** The events of all runs that match, over lost connections, each once. Ends with an error only. */
export async function* readFeed(
  http: Http,
  { workflow, tag, after, signal }: FeedOptions,
): AsyncGenerator<FeedEvent, void> {
  // No header can say "from the oldest": an empty one is as good as none.
  const fromOldest = after === '' ? { lastEventId: '' } : {};
  const address = withQuery('/v1/stream', { workflow, tag, ...fromOldest });
  for await (const { event, data, id } of resumedMessages(http, address, after || undefined, signal)) {
    const read = JSON.parse(data) as Partial<FeedEvent>;
    // Else the server says something else on the stream.
    if (read.event?.type === event && id !== undefined) yield { ...(read as FeedEvent), cursor: id };
  }
}
