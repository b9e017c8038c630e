import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { stepwell } from './stepwell.ts';

/** A server that breaks off and refuses where it is told to, as one that is killed and started again does. */
let server: Server;

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

type Answer = (response: ServerResponse) => void;

/** Serves one answer after the other; the answer is its URL and the `Last-Event-ID` of each request that came. */
async function serve(...answers: Answer[]): Promise<{ url: string; asked: (string | undefined)[] }> {
  const asked: (string | undefined)[] = [];
  server = createServer((request, response) => {
    const answer = answers[asked.length]!;
    asked.push(request.headers['last-event-id'] as string | undefined);
    answer(response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function frame(position: number): string {
  const data = JSON.stringify({ position, at: 0, event: { type: 'status', text: `${position}` } });
  return `id: ${position}\nevent: status\ndata: ${data}\n\n`;
}

const stream = (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/event-stream' });
const end = 'event: end\ndata: {"status":"succeeded"}\n\n';
const positionsIn = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { position: number }).position);

test('a stream that breaks off, ends early or is refused meanwhile is resumed after the last event', async () => {
  const { url, asked } = await serve(
    (response) => stream(response).write(frame(0) + frame(1), () => response.destroy()),
    (response) => response.writeHead(503).end('starting'),
    (response) => stream(response).end(`: keep-alive\n\n${frame(2)}id: 3\nevent: st`),
    (response) => stream(response).end(frame(3) + end),
  );
  const { code, stdout } = await stepwell(['events', 'r', '--json', '--server', url]);
  expect(code).toBe(0);
  expect(positionsIn(stdout)).toEqual([0, 1, 2, 3]);
  expect(asked).toEqual([undefined, '1', '1', '2']);
});

test('people are told that the connection was lost', async () => {
  const { url } = await serve(
    (response) => stream(response).end(frame(0)),
    (response) => stream(response).end(end),
  );
  const { stderr } = await stepwell(['events', 'r', '--server', url]);
  expect(stderr).toBe('connection lost, resuming …\n');
});

test('a run that is gone when the stream is resumed ends the command', async () => {
  const { url } = await serve(
    (response) => stream(response).end(frame(0)),
    (response) => response.writeHead(404).end('{"code":"RUN_NOT_FOUND","detail":"gone"}'),
  );
  const { code, stderr } = await stepwell(['events', 'r', '--server', url]);
  expect({ code, stderr }).toEqual({ code: 4, stderr: 'connection lost, resuming …\nRUN_NOT_FOUND: gone\n' });
});

test.each([
  ['an error page', 404, 'list'],
  ['a page', 200, 'list'],
  ['a page in place of events', 200, 'events'],
])('what is not a Stepwell server is told so: %s', async (_, status, command) => {
  const { url } = await serve((response) => response.writeHead(status).end('<h1>Page</h1>'));
  const { code, stderr } = await stepwell([command, ...(command === 'events' ? ['r'] : []), '--server', url]);
  expect(code).toBe(3);
  expect(stderr).toMatch(
    /^SERVER_UNREACHABLE: What answers at .* \(status \d+\) is not a Stepwell server\. .*--server.*\n$/,
  );
});
