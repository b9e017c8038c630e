// Sends so many POSTs over 50 connections, and tells its parent how long they took, and how long each:
//
//   node bench/http-load.ts <url> <body> <amount>
//
// A process of its own, so that the work of the clients is not counted as the server's.

import autocannon from 'autocannon';

/** What the parent is told. Milliseconds. */
export interface Load {
  readonly took: number;
  readonly p50: number;
  readonly p99: number;
}

const CONNECTIONS = 50;

const [, , url = '', body = '', amount = ''] = process.argv;
const started = performance.now();
let took = 0;
const answered = Promise.withResolvers<autocannon.Result>();
const clients = autocannon(
  {
    url,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    connections: CONNECTIONS,
    amount: Number(amount),
  },
  (error: unknown, result) => (error ? answered.reject(error) : answered.resolve(result)),
);
// It looks only once a second whether all have been answered.
clients.on('response', () => (took = performance.now() - started));
const result = await answered.promise;
if (result['2xx'] !== Number(amount)) {
  throw new Error(`${result['2xx']} of ${amount} starts were answered with 2xx, ${result.errors} broke off`);
}
const load: Load = { took, p50: result.latency.p50, p99: result.latency.p99 };
process.send!(load);
process.disconnect();
