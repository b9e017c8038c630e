// A process that runs orders on a file until they have all ended, and is killed before. It writes every effect into a
// ledger that nothing takes back, and prints what was acknowledged to it: `started r7`, `raised r7`, `body r7/charge`.
import { appendFileSync } from 'node:fs';
import { Stepwell } from '../../src/index.ts';
import { child, order, ORDERS } from './killed-workflows.ts';

const [, , path = '', ledger = '', mostBodies = ''] = process.argv;
/** Bodies that may be run after those at which it is to be killed: it must not reach its end before its killer has read that far. */
const MORE = 50;
let bodies = 0;
const effect = (line: string) => {
  appendFileSync(ledger, `${line}\n`);
  console.log(`body ${line}`);
  if (++bodies === Number(mostBodies) + MORE) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
};

await using well = await Stepwell.open({
  store: `sqlite:${path}`,
  workflows: [order(effect), child(effect)],
  worker: { parked: 20 },
});
const ids = Array.from({ length: ORDERS }, (_, n) => `r${n}`);
await Promise.all(
  ids.map(async (id, n) => {
    await well.start('order', { n }, { id });
    console.log(`started ${id}`);
    if ((await well.get(id)).status === 'succeeded') return;
    // Nobody knows whether the process before this one got as far.
    await well.raiseEvent(id, 'paid', { id }, { id: 'paid' }).catch(() => {});
    console.log(`raised ${id}`);
  }),
);
await Promise.all(ids.map((id) => well.result(id)));
console.log('done');
