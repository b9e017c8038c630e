// Bad input: `npm run fuzz -- --seconds 60`. Requests that are made from /openapi.json, most of them nearly right, go over
// raw connections to a server on a real store, while its engine is to go on beside it. No answer may be the server's
// fault, nothing may be thrown that nobody catches, and memory stays flat.
//
//   --seconds S   how long (default 60)
//   --seed K      of the requests (default: a new one, which is printed)
//   --store KIND  sqlite (default) or postgres: a server that DATABASE_URL names, or one of its own

import { parseArgs } from 'node:util';
import { lendPostgres } from '../postgres/lend.ts';
import { fuzz } from './fuzz.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    store: { type: 'string', default: 'sqlite' },
  },
});
const seconds = Number(values.seconds);
if (!(seconds > 0)) throw new Error('--seconds is a number above 0');
const seed = Number(values.seed ?? Date.now() % 100_000);
if (!Number.isSafeInteger(seed)) throw new Error('--seed is a whole number');
if (values.store !== 'sqlite' && values.store !== 'postgres')
  throw new Error('--store is sqlite or postgres');

console.log(`seed ${seed}, ${seconds} s, ${values.store}`);
const lent = values.store === 'postgres' ? await lendPostgres() : null;
const report = await fuzz({ seconds, seed, ...(lent === null ? {} : { store: lent.url }) });
await lent?.close();
const { requests, answers, beats, heap, checks } = report;
for (const { name, problem } of checks) console.log(problem === null ? `✓ ${name}` : `✗ ${name}: ${problem}`);
const statuses = [...answers].toSorted(([a], [b]) => a - b).map(([status, count]) => `${status} × ${count}`);
const mebibytes = (bytes: number) => (bytes / 1024 / 1024).toFixed(1);
console.log(`\n${requests} requests: ${statuses.join(', ')}`);
console.log(
  `${beats} runs beside them; ${mebibytes(heap.before)} MiB in use, at the end ${mebibytes(heap.after)} MiB`,
);
const failed = checks.filter(({ problem }) => problem !== null).length;
process.exitCode = failed > 0 ? 1 : 0;
console.log(`\n${checks.length - failed} passed, ${failed} failed`);
