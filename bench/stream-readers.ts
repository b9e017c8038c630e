// A process that reads event streams (`node stream-readers.ts <port>`), with as little work of its own as can be: bare
// sockets that share one buffer. It is told what to open, and tells when the first bytes of each event came.

import { connect } from 'node:net';

/** Which stream, the id of the event, and when it came: by the machine's monotonic clock (ns). */
type Arrival = readonly [stream: number, id: number, at: number];
type ReadersAsk = readonly (readonly [stream: number, path: string])[];
export type ReadersSay = 'open' | readonly Arrival[];

/** What came over a socket, to be looked at when there is time: an event goes to a thousand sockets at once. */
type Piece = readonly [socket: Stream, text: string, at: number];

interface Stream {
  readonly number: number;
  isOpen: boolean;
  rest: string;
}

const QUIET_MS = 5;

const say = (said: ReadersSay) => process.send?.(said);
const buffer = Buffer.alloc(64 * 1024);
let pieces: Piece[] = [];

if (import.meta.main) {
  const [, , port = ''] = process.argv;
  process.on('disconnect', () => process.exit(0));
  process.on('message', (paths: ReadersAsk) => {
    for (const [stream, path] of paths) open(Number(port), stream, path);
  });
}

function open(port: number, number: number, path: string): void {
  const stream: Stream = { number, isOpen: false, rest: '' };
  const callback = (length: number) => {
    const at = Number(process.hrtime.bigint());
    if (pieces.length === 0) setTimeout(look, QUIET_MS);
    pieces.push([stream, buffer.toString('latin1', 0, length), at]);
    return true;
  };
  const socket = connect({ port, host: '127.0.0.1', onread: { buffer, callback } });
  socket.setNoDelay(true);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
}

function look(): void {
  const arrivals: Arrival[] = [];
  for (const [stream, piece, at] of pieces) {
    const text = stream.rest + piece;
    // What is after the last line break may be half a line.
    const end = text.lastIndexOf('\n') + 1;
    stream.rest = text.slice(end);
    if (!stream.isOpen && text.includes('\r\n\r\n')) begin(stream, text);
    for (const [, id] of text.slice(0, end).matchAll(/^id: (\d+)$/gm))
      arrivals.push([stream.number, Number(id), at]);
  }
  pieces = [];
  if (arrivals.length > 0) say(arrivals);
}

function begin(stream: Stream, text: string): void {
  if (!text.startsWith('HTTP/1.1 200')) throw new Error(`A stream was refused: ${text}`);
  stream.isOpen = true;
  say('open');
}
