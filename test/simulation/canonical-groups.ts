import type { Program } from './program.ts';
import { step } from './step.ts';

/** Programs by hand that do several things at once, or leave them to children. */
export const GROUPS: Readonly<Record<string, Program>> = {
  children: [
    { do: 'child', program: [step('of the child'), { do: 'sleep', ms: 100 }] },
    { do: 'detached', program: [step('of its own')] },
    { do: 'try', program: [{ do: 'child', program: [step('fine'), { do: 'throw', message: 'no' }] }] },
  ],
  'children on their own terms': [
    { do: 'child', program: [step('of the first')], id: 'twin', priority: 5, delay: 120 },
    { do: 'try', program: [{ do: 'child', program: [step('of the second')], id: 'twin', taken: true }] },
    { do: 'try', program: [{ do: 'child', program: [{ do: 'sleep', ms: 60_000 }], timeout: 150 }] },
    { do: 'child', program: [step('in the old way')], version: '1' },
    { do: 'detached', program: [step('in the new way')], version: '2', queue: 'side', id: 'loner' },
  ],
  'children that would wait for ever': [
    {
      do: 'race',
      branches: [
        [{ do: 'child', program: [{ do: 'child', program: [{ do: 'sleep', ms: 3_600_000 }] }] }],
        [step('quick', { takes: 200 })],
      ],
    },
  ],
  'a quorum': [
    {
      do: 'quorum',
      name: 'votes',
      need: 2,
      branches: [
        [step('aye')],
        [{ do: 'sleep', ms: 60 }, step('nay')],
        [{ do: 'sleep', ms: 3_600_000 }],
        [{ do: 'child', program: [{ do: 'sleep', ms: 3_600_000 }] }],
      ],
    },
    step('after'),
  ],
  'groups in a hurry': [
    {
      do: 'try',
      program: [
        {
          do: 'parallel',
          name: 'too slow',
          branches: [[step('slow', { takes: 400 })], [{ do: 'sleep', ms: 3_600_000 }]],
          timeout: 150,
        },
      ],
    },
    {
      do: 'map',
      name: 'late',
      items: 3,
      failing: [],
      tolerate: 3,
      concurrency: 2,
      itemTimeout: 100,
      program: [step('dawdle', { takes: 90 })],
    },
    {
      do: 'map',
      name: 'batches',
      items: 5,
      failing: [],
      tolerate: 0,
      concurrency: 2,
      batch: 2,
      program: [step('batch')],
    },
    { do: 'parallel', name: 'named', named: true, branches: [[step('one')], [step('two')]] },
  ],
  'a map that tolerates': [
    {
      do: 'map',
      name: 'orders',
      items: 5,
      failing: [1, 3],
      tolerate: 2,
      concurrency: 2,
      program: [step('handle')],
    },
  ],
  'a map that does not': [
    {
      do: 'try',
      program: [
        {
          do: 'map',
          name: 'orders',
          items: 4,
          failing: [2],
          tolerate: 0,
          concurrency: 4,
          program: [step('handle')],
        },
      ],
    },
    step('after'),
  ],
  branches: [
    {
      do: 'parallel',
      name: 'both',
      branches: [
        [step('left'), { do: 'sleep', ms: 100 }],
        [step('right'), { do: 'event', name: 'nod' }],
      ],
    },
    { do: 'group', name: 'inside', program: [step('deep'), { do: 'recall', name: 'deeper' }] },
  ],
  'a branch that fails': [
    {
      do: 'try',
      program: [
        {
          do: 'parallel',
          name: 'both',
          branches: [
            [step('quick', { failures: 'always' })],
            [step('slow', { takes: 400 }), { do: 'child', program: [{ do: 'sleep', ms: 60_000 }] }],
          ],
        },
      ],
    },
    step('after'),
  ],
  'a race': [
    {
      do: 'race',
      branches: [
        [step('hare'), { do: 'sleep', ms: 40 }, step('finish')],
        [{ do: 'sleep', ms: 60 }, step('tortoise')],
        [{ do: 'sleep', ms: 3_600_000 }],
      ],
    },
    step('prize', { takes: 100 }),
    { do: 'all', branches: [[step('gold')], [step('silver'), { do: 'sleep', ms: 10 }]] },
  ],
  'a race that is over at once': [
    {
      do: 'parallel',
      name: 'both',
      branches: [
        [{ do: 'race', branches: [[{ do: 'sleep', ms: 0 }], [step('never begun', { takes: 400 })]] }],
      ],
    },
    { do: 'child', program: [step('of the child')] },
  ],
};
