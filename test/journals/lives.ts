// What happens to the workflows in the lives that are recorded: who kills, tells, pauses and cancels them, and when.

import { PaymentDeclined } from '../../examples/order/services.ts';
import { APPROVAL_FROM, order } from '../../examples/order/workflow.ts';
import type { AnyDefinition } from '../../packages/stepwell/src/index.ts';
import type { TestEngine, TestOptions } from '../../packages/stepwell/src/testing/index.ts';
import * as lived from './workflows.ts';

type Steps = NonNullable<TestOptions['steps']>;
/** An engine on the store of this life; the one before it is killed. `workflows` and `steps` replace the usual ones. */
type Open = (steps?: Steps, workflows?: readonly AnyDefinition[]) => Promise<TestEngine>;

/** The example's services answer at once: no network, in the recording and in the replay. */
export const SERVICES: Steps = {
  order: {
    'check stock': () => [],
    submit: () => undefined,
    charge: () => ({ charge: 'charge-1', amount: APPROVAL_FROM }),
    notify: () => undefined,
  },
};
const ORDER = {
  customer: 'mari@example.com',
  items: [{ sku: 'camera', quantity: 1, price: APPROVAL_FROM }],
  total: APPROVAL_FROM,
};

const hangs = () => new Promise<never>(() => {});
const fails = () => {
  throw new Error('out of order');
};

/** By the names of the files that hold their journals; a life in which several runs take part has a file for each. */
export const LIVES: Readonly<Record<string, (open: Open) => Promise<unknown>>> = {
  'order-paid': async (open) => {
    let charges = 0;
    const charge = () => (++charges < 3 ? fails() : { charge: 'charge-1', amount: ORDER.total });
    const engine = await open({ order: { ...SERVICES['order'], charge } });
    const run = await engine.start(order, ORDER);
    await complete(engine, run.id, 'approval', { approved: true });
    return engine.result(run);
  },
  'order-expired': async (open) => (await open()).run(order, ORDER),
  'order-declined': async (open) => {
    const charge = () => {
      throw new PaymentDeclined('no money');
    };
    const engine = await open({ order: { ...SERVICES['order'], charge } });
    return engine.run(order, { ...ORDER, items: [{ sku: 'film', quantity: 2, price: 900 }], total: 1_800 });
  },
  steps: async (open) => (await open()).run(lived.steps, { n: 4 }),
  once: async (open) => {
    let engine = await open({ once: { unsure: hangs } });
    const { id } = await engine.start(lived.once);
    for (const next of ['found out', 'not done']) {
      await engine.clock.settle();
      engine = await open({ once: { [next]: hangs } });
    }
    await engine.clock.settle();
    engine = await open();
    await engine.skipUntil(id, () => false);
  },
  undone: async (open) => ended(await open(), lived.undone),
  sleeps: async (open) => (await open()).run(lived.sleeps, undefined),
  events: async (open) => {
    const engine = await open();
    const run = await engine.start(lived.events);
    await run.raiseEvent('last', 'came too early', { id: 'only once' });
    await run.raiseEvent('early', 'bird');
    await engine.advance('1m');
    await run.raiseEvent('twice', { n: 1 });
    await run.raiseEvent('last', 'a double', { id: 'only once' });
    await engine.advance('1m');
    await run.raiseEvent('twice', { n: 2 });
    return engine.result(run);
  },
  callbacks: async (open) => {
    const engine = await open();
    const run = await engine.start(lived.callbacks);
    await complete(engine, run.id, 'approval', { by: 'the manager' });
    await engine.well.callbacks.fail(await callbackOf(engine, run.id, 'objection'), new Error('I object'));
    await engine.advance('2h');
    const silent = await callbackOf(engine, run.id, 'silent').catch(() => null);
    if (silent !== null) await engine.well.callbacks.heartbeat(silent);
    await engine.advance('2m');
    await complete(engine, run.id, 'opened', 'in the end');
    return engine.result(run);
  },
  condition: async (open) => (await open()).run(lived.condition, undefined),
  children: async (open) => {
    const engine = await open();
    await engine.run(lived.parent, undefined);
    return engine.skipUntil('detached', () => false);
  },
  'children-cancelled': async (open) => {
    const engine = await open();
    const run = await engine.start(lived.parent);
    await engine.advance('1s');
    await run.cancel();
    await engine.skipUntil(run.id, () => false);
  },
  groups: async (open) => (await open()).run(lived.groups, undefined),
  race: async (open) => (await open()).run(lived.race, undefined),
  patched: async (open) => told(await open(), lived.patched, 'go'),
  'patched-under-way': async (open) => {
    let engine = await open({}, [lived.unpatched]);
    const { id } = await engine.start(lived.unpatched);
    await engine.clock.settle();
    engine = await open();
    await engine.well.raiseEvent(id, 'go');
    await engine.skipUntil(id, () => false);
  },
  continued: async (open) => {
    const engine = await open();
    const run = await engine.start(lived.continued, { left: 2 });
    await run.raiseEvent('tick', 'for the last one');
    return engine.result(run);
  },
  paused: async (open) => {
    let goOn = (): void => {};
    const slow = () =>
      new Promise((resolve) => {
        goOn = () => resolve('slow');
      });
    const engine = await open({ paused: { slow } });
    const run = await engine.start(lived.paused);
    await engine.clock.settle();
    await run.pause({ reason: 'to look at it' });
    await engine.clock.settle();
    goOn();
    await run.raiseEvent('go', 1);
    await engine.advance('1h');
    await run.resume();
    return engine.result(run);
  },
  cancelled: async (open) => {
    const engine = await open();
    const run = await engine.start(lived.cancelled);
    await engine.advance('1d');
    await run.cancel({ reason: 'changed my mind' });
    await engine.skipUntil(run.id, () => false);
  },
  'cancelled-by-force': async (open) => {
    const engine = await open();
    const run = await engine.start(lived.cancelled);
    await engine.advance('1d');
    await run.cancel({ force: true });
    await engine.skipUntil(run.id, () => false);
  },
  'timed-out': async (open) => ended(await open(), lived.timedOut),
  retried: async (open) => {
    let runs = 0;
    const engine = await open({ retried: { flaky: () => (++runs < 3 ? fails() : 'fine') } });
    const run = await engine.start(lived.retried);
    await run.raiseEvent('told', 'once, for all attempts');
    return engine.result(run);
  },
  operated: async (open) => {
    let engine = await open({ operated: { flaky: fails } });
    const run = await engine.start(lived.operated);
    await run.raiseEvent('told', 'before it failed');
    await engine.skipUntil(run.id, () => false);
    engine = await open();
    await engine.well.retry(run.id);
    await engine.skipUntil(run.id, () => false);
  },
  forked: async (open) => {
    const engine = await open();
    const { id } = await told(engine, lived.forked, 'told');
    for (const options of [
      { from: 'second', id: 'from-second' },
      { from: 'inside/third', id: 'with-result', result: 33 },
    ]) {
      await engine.well.fork(id, options);
      await engine.skipUntil(options.id, () => false);
    }
  },
  tagged: async (open) => {
    const engine = await open();
    return engine.result(await engine.start(lived.tagged, 'ann', { tags: ['vip'] }));
  },
  mended: async (open) => {
    let engine = await open({}, [lived.unmended]);
    const { id } = await engine.start(lived.unmended);
    await engine.clock.settle();
    engine = await open();
    await engine.skipUntil(id, () => false);
  },
};

async function ended(engine: TestEngine, workflow: AnyDefinition): Promise<void> {
  const { id } = await engine.start(workflow);
  await engine.skipUntil(id, () => false);
}

async function told(engine: TestEngine, workflow: AnyDefinition, event: string): Promise<{ id: string }> {
  const run = await engine.start(workflow);
  await engine.clock.settle();
  await run.raiseEvent(event);
  await engine.skipUntil(run.id, () => false);
  return run;
}

async function complete(engine: TestEngine, id: string, op: string, value: unknown): Promise<void> {
  await engine.well.callbacks.succeed(await callbackOf(engine, id, op), value);
}

async function callbackOf(engine: TestEngine, id: string, op: string): Promise<string> {
  const reasons = await engine.waitingFor(id);
  const found = reasons.find((reason) => reason.op === op)?.callback;
  if (found === undefined)
    throw new Error(`The run waits for no callback "${op}": ${JSON.stringify(reasons)}`);
  return found;
}
