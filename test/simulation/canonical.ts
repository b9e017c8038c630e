import type { Program, StepAction } from './program.ts';

function step(name: string, more: Partial<StepAction> = {}): StepAction {
  return { do: 'step', name, takes: 20, failures: 0, ...more };
}

/** Programs written by hand: every operation at least once, in the ways in which people use them. */
export const CANONICAL: Readonly<Record<string, Program>> = {
  'steps in a row': [step('first'), step('second', { takes: 0 }), step('third', { heartbeat: true })],
  'a step that fails twice': [
    step('before'),
    step('shaky', { failures: 2, attempts: 4, jitter: true }),
    step('after'),
  ],
  'a step that hangs': [step('stubborn', { hangs: true, attempts: 8 }), step('after')],
  'a step that never succeeds': [
    { do: 'try', program: [step('hopeless', { failures: 'always', attempts: 3 })] },
    step('after'),
  ],
  'at most once': [
    { do: 'once', name: 'unsure', takes: 30, reconcile: false },
    { do: 'once', name: 'found out', takes: 30, reconcile: true },
  ],
  'sleeps and tells': [
    { do: 'tell' },
    { do: 'sleep', ms: 700 },
    { do: 'tell' },
    step('after'),
    { do: 'sleep', ms: 50 },
  ],
  'waits for events': [
    { do: 'event', name: 'go' },
    step('between'),
    { do: 'event', name: 'stop' },
    { do: 'try', program: [{ do: 'event', name: 'never', missing: true }] },
  ],
  'an approval': [
    step('ask'),
    { do: 'callback', name: 'approval', answer: 'succeed', after: 300 },
    { do: 'try', program: [{ do: 'callback', name: 'objection', answer: 'fail', after: 100 }] },
    step('act'),
  ],
  'callbacks that do not come': [
    { do: 'try', program: [{ do: 'callback', name: 'late', answer: 'never', after: 0, timeout: 200 }] },
    { do: 'try', program: [{ do: 'callback', name: 'silent', answer: 'never', after: 0, heartbeat: 150 }] },
    step('after'),
  ],
  'a callback at the last moment': [
    {
      do: 'try',
      program: [{ do: 'callback', name: 'close call', answer: 'succeed', after: 200, timeout: 200 }],
    },
    step('after'),
  ],
  'a condition': [{ do: 'condition', name: 'ready', checks: 4 }, step('after')],
  children: [
    { do: 'child', program: [step('of the child'), { do: 'sleep', ms: 100 }] },
    { do: 'detached', program: [step('of its own')] },
    { do: 'try', program: [{ do: 'child', program: [step('fine'), { do: 'throw', message: 'no' }] }] },
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
  undone: [
    step('undoable booking', { undo: true }),
    step('undoable payment', { undo: true, failures: 1, attempts: 2 }),
    step('not undone'),
    { do: 'throw', message: 'sold out' },
  ],
  continued: [
    step('first round'),
    { do: 'continue', program: [step('second round'), { do: 'continue', program: [step('third round')] }] },
  ],
  'the same again': [
    { do: 'recall', name: 'one' },
    { do: 'sleep', ms: 20 },
    { do: 'recall', name: 'two' },
  ],
};

/** In its second life all that this race waits for is known at once, and the callback loses. */
export const LOST_CALLBACK: Program = [
  {
    do: 'group',
    name: 'heat',
    program: [
      {
        do: 'race',
        branches: [
          [step('hare', { takes: 200 })],
          [
            { do: 'callback', name: 'whistle', answer: 'succeed', after: 20 },
            step('tortoise', { takes: 800 }),
          ],
        ],
      },
    ],
  },
  step('shaky', { failures: 1 }),
];

/** Programs for the workflow that begins anew when it fails. */
export const RETRIED: Readonly<Record<string, Program>> = {
  'a function that fails twice': [step('sure'), step('shaky', { failures: 2 }), step('after')],
  'undone and done again': [
    step('undoable booking', { undo: true }),
    { do: 'event', name: 'go' },
    step('shaky', { failures: 1 }),
  ],
  'a child of a function that fails': [
    { do: 'child', program: [step('of the child')] },
    { do: 'callback', name: 'approval', answer: 'succeed', after: 100 },
    step('shaky', { failures: 1 }),
  ],
};
