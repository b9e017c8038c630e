import { expect, test } from 'vitest';
import { workflow } from '../../src/index.ts';
import { testEngine, type TestEngine } from '../../src/testing/index.ts';

const waiter = workflow('waiter', async (ctx) => ctx.waitForEvent('go'));
const one = workflow('changing', async (ctx) => ctx.waitForEvent('one'));
const other = workflow('changing', async (ctx) => ctx.waitForEvent('other'));

async function statusOf(engine: TestEngine, id: string): Promise<string> {
  await engine.clock.settle();
  return (await engine.well.get(id)).status;
}

/** A run whose code does not fit its journal, and one that no worker has the code for. */
async function stuckRuns(): Promise<{ engine: TestEngine; mismatch: string; orphan: string }> {
  const before = await testEngine({ workflows: [one, waiter] });
  const mismatch = await before.start(one);
  const orphan = await before.start(waiter);
  await before.clock.settle();
  await before.close();
  const engine = await testEngine({ workflows: [other], store: before.store, clock: before.clock });
  for (const { id } of [mismatch, orphan]) {
    await engine.well.raiseEvent(id, 'go');
    await engine.advance('1m');
    expect(await statusOf(engine, id)).toBe('stuck');
  }
  return { engine, mismatch: mismatch.id, orphan: orphan.id };
}

test('a stuck run is ended by force, also where no worker has its workflow', async () => {
  const { engine, mismatch, orphan } = await stuckRuns();
  for (const id of [mismatch, orphan]) {
    await engine.well.cancel(id, { force: true });
    expect(await statusOf(engine, id)).toBe('cancelled');
  }
  await engine.close();
});

test('a stuck run is ended by a second call as well', async () => {
  const { engine, mismatch, orphan } = await stuckRuns();
  for (const id of [mismatch, orphan]) {
    await engine.well.cancel(id);
    await engine.advance('1m');
    // Its cleanup cannot run without code that fits.
    expect(await statusOf(engine, id)).toBe('stuck');
    await engine.well.cancel(id);
    await engine.advance('1m');
    expect(await statusOf(engine, id)).toBe('cancelled');
  }
  await engine.close();
});

test('the same call again does not end a stuck run, another one does', async () => {
  const { engine, mismatch } = await stuckRuns();
  for (let call = 0; call < 3; call++) {
    await engine.well.cancel(mismatch, { id: 'call' });
    if (call > 0) await engine.advance('1m');
    expect(await statusOf(engine, mismatch)).toBe('stuck');
  }
  await engine.well.cancel(mismatch, { id: 'other' });
  await engine.advance('1m');
  expect(await statusOf(engine, mismatch)).toBe('cancelled');
  await engine.close();
});

test('a stuck run keeps a cancel until code that fits is there', async () => {
  const { engine, mismatch } = await stuckRuns();
  await engine.well.cancel(mismatch);
  await engine.clock.settle();
  await engine.close();
  await using fitting = await testEngine({ workflows: [one], store: engine.store, clock: engine.clock });
  expect(await statusOf(fitting, mismatch)).toBe('cancelled');
});
