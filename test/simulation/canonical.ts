import { GROUPS } from './canonical-groups.ts';
import { WAITS } from './canonical-waits.ts';
import type { Program } from './program.ts';
import { step } from './step.ts';

/** Programs written by hand: every operation at least once, in the ways in which people use them. */
export const CANONICAL: Readonly<Record<string, Program>> = {
  ...WAITS,
  ...GROUPS,
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
  'values of all kinds': [
    step('gives nothing', { gives: 'nothing' }),
    step('gives null', { gives: 'null' }),
    step('gives much', { gives: 'big' }),
    step('gives letters', { gives: 'letters' }),
    step('gives lists', { gives: 'nested' }),
    {
      do: 'child',
      program: [step('gives nothing', { gives: 'nothing' }), step('gives it', { gives: 'nested' })],
    },
  ],
  'what is not worth another attempt': [
    { do: 'try', program: [step('fatal', { failures: 'fatal', attempts: 5 })] },
    { do: 'try', program: [{ do: 'condition', name: 'vain', checks: 'never', timeout: 300 }] },
    step('after'),
  ],
  patched: [
    step('before'),
    {
      do: 'patch',
      name: 'patch 1',
      before: [step('old way of patch 1', { takes: 300 })],
      after: [step('new way of patch 1', { takes: 300 })],
    },
    { do: 'sleep', ms: 200 },
    {
      do: 'patch',
      name: 'patch 2',
      before: [],
      after: [step('new way of patch 2')],
    },
    step('after'),
  ],
  undone: [
    step('undoable booking', { undo: true }),
    step('undoable payment', { undo: true, failures: 1, attempts: 2 }),
    step('not undone'),
    { do: 'throw', message: 'sold out' },
  ],
  'undone in part': [
    step('undoable booking', { undo: true }),
    { do: 'group', name: 'inside', program: [step('undoable deep', { undo: true })] },
    step('undoable stain', { undo: 'fails' }),
    {
      do: 'all',
      branches: [[step('undoable left', { undo: true })], [step('undoable right', { undo: true })]],
    },
    { do: 'throw', message: 'sold out' },
  ],
  continued: [
    step('first round'),
    {
      do: 'continue',
      program: [
        step('second round'),
        { do: 'continue', program: [{ do: 'event', name: 'for the third round' }, step('third round')] },
      ],
    },
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
