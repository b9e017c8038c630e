import type { Program } from './program.ts';
import { step } from './step.ts';

/** Programs by hand that wait for somebody outside. */
export const WAITS: Readonly<Record<string, Program>> = {
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
  'a callback that is kept alive': [
    {
      do: 'try',
      program: [
        { do: 'callback', name: 'long call', answer: 'succeed', after: 900, heartbeat: 350, beats: 80 },
      ],
    },
    step('after'),
  ],
  'callbacks opened before they are awaited': [
    {
      do: 'try',
      program: [
        {
          do: 'callback',
          name: 'opened',
          answer: 'succeed',
          after: 100,
          timeout: 3_000,
          meanwhile: [step('meanwhile'), { do: 'sleep', ms: 200, until: true }],
        },
      ],
    },
  ],
  'events of all kinds': [
    { do: 'event', name: 'three of a kind', times: 3 },
    { do: 'event', name: 'without an id', anonymous: true },
    {
      do: 'race',
      branches: [
        [{ do: 'event', name: 'in a race' }],
        [{ do: 'sleep', ms: 700 }, step('nobody came in time')],
      ],
    },
    { do: 'try', program: [{ do: 'event', name: 'in a hurry', timeout: 700 }] },
  ],
  'a condition': [{ do: 'condition', name: 'ready', checks: 4 }, step('after')],
};
