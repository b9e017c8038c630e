import { expect, test } from 'vitest';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { openMemoryStore } from '../../packages/stepwell/src/store/memory/store.ts';
import { scenarioOf } from './scenario.ts';
import { simulate } from './world.ts';

/** Calls of it take a turn of Node's loop, as those of a store on another machine take some. */
function openRemote(): Store {
  return new Proxy<Store>(openMemoryStore(), {
    get(store, name) {
      const member: unknown = Reflect.get(store, name);
      if (typeof member !== 'function') return member;
      if (name === 'subscribe') return member.bind(store) as unknown;
      return async (...args: unknown[]) => {
        await new Promise(setImmediate);
        return Reflect.apply(member, store, args) as unknown;
      };
    },
  });
}

test.each([1, 2, 3])(
  'in the world of seed %i it makes no difference that the store takes real time',
  async (seed) => {
    const there = await simulate(scenarioOf(seed), { open: () => Promise.resolve(openRemote()) });
    const here = await simulate(scenarioOf(seed));
    expect(there.violations).toEqual([]);
    expect(there.trace.text).toBe(here.trace.text);
  },
);
