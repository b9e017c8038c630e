import { expect, test } from 'vitest';
import { openMemoryStore } from '../../packages/stepwell/src/store/memory/store.ts';
import { scenarioOf } from './scenario.ts';
import { simulate } from './world.ts';

test('that the store at the centre fails of itself is no fault to be survived', async () => {
  const store = openMemoryStore();
  const heartbeat = store.heartbeat.bind(store);
  let heartbeats = 0;
  store.heartbeat = async (...renewal) => {
    if (++heartbeats === 2) throw new Error('no such column', { cause: 'a typing error' });
    return heartbeat(...renewal);
  };
  const { violations } = await simulate(scenarioOf(1), { open: () => store });
  expect(violations.map(({ message }) => message)).toEqual([
    'the store failed: Error: no such column (a typing error)',
  ]);
});
