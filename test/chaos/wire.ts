import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}
/** `hungUp` aborts when whoever asked is gone before it has its answer. */
export type Responder = (path: string, body: unknown, hungUp: AbortSignal) => Promise<Answer>;

/** Answers JSON over HTTP on a free port of the loopback, which is what it gives. */
export async function listen(respond: Responder): Promise<number> {
  const server = createServer((request, response) => {
    const hungUp = new AbortController();
    response.on('close', () => {
      if (!response.writableFinished) hungUp.abort();
    });
    const answer = async () => {
      const { status, body } = await respond(request.url ?? '/', await json(request), hungUp.signal);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? null));
    };
    answer().catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return (server.address() as AddressInfo).port;
}

/** Rejects if there is no answer, or only half of one. */
export async function ask(port: number, path: string, body: unknown, signal?: AbortSignal): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });
  return { status: response.status, body: await response.json() };
}
