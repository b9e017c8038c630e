import { connect, type Socket } from 'node:net';
import type { WireRequest } from './requests.ts';

export interface WireAnswer {
  /** 0: what came is no answer. */
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** Null: it goes on for ever, or was cut off. */
  readonly body: string | null;
}

/** Between pieces of a request that is delivered in pieces. */
const PAUSE_MS = 15;

/** Sends a request, and resolves with the answer; null: there was none, for so long. */
export async function exchange(
  port: number,
  request: WireRequest,
  patience: number,
): Promise<WireAnswer | null> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  let wake = () => {};
  socket.setEncoding('latin1');
  socket.on('data', (text) => {
    received += text as unknown as string;
    wake();
  });
  let ended = false;
  const end = () => {
    ended = true;
    wake();
  };
  socket.on('error', end).on('close', end).on('end', end);
  const sending = send(socket, request);
  const deadline = setTimeout(end, patience);
  try {
    for (;;) {
      const answer = answerOf(received, request.method, ended);
      if (answer !== undefined) return answer;
      if (ended) return null;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    clearTimeout(deadline);
    socket.destroy();
    await sending;
  }
}

async function send(socket: Socket, { delivery, ...request }: WireRequest): Promise<void> {
  const whole = bytesOf(request);
  if (delivery === 'whole') {
    socket.write(whole);
    return;
  }
  const some = delivery === 'pieces' ? whole : whole.subarray(0, Math.ceil(whole.length / 2));
  const size = Math.max(1, Math.ceil(some.length / 8));
  for (let at = 0; at < some.length && !socket.destroyed; at += size) {
    socket.write(some.subarray(at, at + size));
    if (delivery === 'pieces') await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  if (delivery === 'cut') socket.end();
}

function bytesOf({ method, target, headers, body, framing }: Omit<WireRequest, 'delivery'>): Buffer {
  const lines = [`${method} ${target} HTTP/1.1`];
  if (!headers.some(([name]) => name === 'Host')) lines.push('Host: localhost');
  for (const [name, value] of headers) lines.push(`${name}: ${value}`);
  if (body !== null) {
    const length = body.length + (framing === 'too long' ? 10 : 0);
    if (framing === 'chunked') lines.push('Transfer-Encoding: chunked');
    else lines.push(`Content-Length: ${framing === 'no number' ? 'ten' : length}`);
  }
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  if (body === null) return head;
  if (framing !== 'chunked') return Buffer.concat([head, body]);
  const size = body.length === 0 ? '' : `${body.length.toString(16)}\r\n`;
  return Buffer.concat([head, Buffer.from(size), body, Buffer.from(`${size === '' ? '' : '\r\n'}0\r\n\r\n`)]);
}

/** The answer in what has come so far; undefined: not yet. */
function answerOf(received: string, method: string, ended: boolean): WireAnswer | undefined {
  const split = received.indexOf('\r\n\r\n');
  if (split === -1) return undefined;
  const [first = '', ...lines] = received.slice(0, split).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0);
  const rest = received.slice(split + 4);
  if (status === 100) return answerOf(rest, method, ended);
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  if (headers.get('content-type')?.startsWith('text/event-stream') === true)
    return { status, headers, body: null };
  if (method === 'HEAD' || status === 204 || status === 304 || status === 101)
    return { status, headers, body: '' };
  const length = headers.get('content-length');
  if (length !== undefined) {
    if (rest.length >= Number(length)) return { status, headers, body: utf8(rest.slice(0, Number(length))) };
  } else if (headers.get('transfer-encoding') === 'chunked') {
    const body = unchunked(rest);
    if (body === null) return { status: 0, headers, body: `no chunks: ${rest.slice(-200)}` };
    if (body !== undefined) return { status, headers, body: utf8(body) };
  } else if (ended) return { status, headers, body: utf8(rest) };
  return ended ? { status, headers, body: null } : undefined;
}

/** Undefined: it has not come whole yet; null: these are no chunks. */
function unchunked(text: string): string | undefined | null {
  let body = '';
  for (let at = 0; ; ) {
    const line = text.indexOf('\r\n', at);
    if (line === -1) return undefined;
    const size = Number.parseInt(text.slice(at, line), 16);
    if (size === 0) return body;
    if (Number.isNaN(size)) return null;
    if (text.length < line + 2 + size + 2) return undefined;
    body += text.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}

function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString();
}
