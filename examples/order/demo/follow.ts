import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { RunEvent } from 'stepwell';

/**
 * The events of a run as they come, to its end. When the connection breaks off, it is taken up again with the id of
 * the last event that came: none is missed, none comes twice.
 *
 * @param server the URL of the server, once there is one that listens
 */
export async function* follow(run: string, server: () => Promise<string>): AsyncGenerator<RunEvent> {
  let last: string | undefined;
  while (true) {
    const url = `${await server()}/v1/runs/${run}/stream`;
    try {
      const response = await fetch(url, last === undefined ? {} : { headers: { 'last-event-id': last } });
      if (!response.ok || response.body === null) throw new Error(`${url} answered ${response.status}`);
      const messages = response.body
        .pipeThrough(new TextDecoderStream())
        .pipeThrough(new EventSourceParserStream());
      for await (const message of messages) {
        if (message.event === 'end') return;
        last = message.id;
        yield JSON.parse(message.data) as RunEvent;
      }
    } catch (error) {
      // Undici's errors of a connection that was refused or has broken off.
      if (!(error instanceof TypeError)) throw error;
    }
  }
}
