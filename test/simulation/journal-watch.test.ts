import { expect, test } from 'vitest';
import type { JournalEvent } from '../../packages/stepwell/src/model/event.ts';
import { JournalWatch } from './journal-watch.ts';
import { Violations } from './violation.ts';

type Commits = readonly (readonly [at: number, ...events: JournalEvent[]])[];

const begun: JournalEvent[] = [
  { type: 'run.activated', worker: 'w', format: 1 },
  { type: 'run.started', seed: 's' },
];
const started = (op: string, more: object = {}): JournalEvent => ({
  type: 'operation.started',
  op,
  kind: 'step',
  ...more,
});
const succeeded = (op: string, from?: number): JournalEvent => ({
  type: 'operation.succeeded',
  op,
  ...(from === undefined ? {} : { from }),
});
const failed = (op: string, code: string): JournalEvent => ({
  type: 'operation.failed',
  op,
  error: { name: 'StepwellError', message: '', code },
});
const attempt = (op: string): JournalEvent => ({ type: 'operation.attempt', op, attempt: 2 });
const runFailed: JournalEvent = { type: 'run.failed', error: { name: 'Error', message: '' } };

const wrong: Readonly<Record<string, readonly [RegExp, Commits]>> = {
  'time that goes back': [
    /time goes back/,
    [
      [5, ...begun],
      [4, started('a')],
    ],
  ],
  'what goes on after the end': [/after the run had ended/, [[0, ...begun, runFailed, started('a')]]],
  'two outcomes': [/which had succeeded/, [[0, ...begun, started('a'), succeeded('a'), succeeded('a')]]],
  'an event taken twice': [
    /was taken twice/,
    [
      [
        0,
        ...begun,
        { type: 'event.received', name: 'e', id: 'x' },
        { type: 'event.received', name: 'e', id: 'x' },
      ],
    ],
  ],
  'a sleep that ends early': [
    /came 1 ms too early/,
    [
      [0, ...begun, started('a', { kind: 'sleep', until: 10 })],
      [9, succeeded('a')],
    ],
  ],
  'a wait that is given up early': [
    /came 1 ms too early/,
    [
      [0, ...begun, started('a', { kind: 'event', event: 'e', until: 10 })],
      [9, failed('a', 'WAIT_TIMED_OUT')],
    ],
  ],
  'a callback that is given up though it is alive': [
    /came 3 ms too early/,
    [
      [0, ...begun, started('a', { kind: 'callback', callback: 'c', heartbeat: 10 })],
      [8, { type: 'operation.heartbeat', op: 'a' }],
      [15, failed('a', 'HEARTBEAT_MISSED')],
    ],
  ],
  'an attempt that begins early': [
    /came 1 ms too early/,
    [
      [0, ...begun, started('a')],
      [1, { type: 'operation.retrying', op: 'a', attempt: 1, until: 10 }],
      [9, attempt('a')],
    ],
  ],
  'a life that begins early': [
    /run.started came 1 ms too early/,
    [
      [0, ...begun, { type: 'run.retrying', attempt: 1, error: { name: 'E', message: '' }, until: 10 }],
      [9, ...begun],
    ],
  ],
  'a step that begins in a pause': [
    /though the run was paused/,
    [[0, ...begun, { type: 'run.paused' }, started('a')]],
  ],
  'an attempt in a pause': [
    /though the run was paused/,
    [[0, ...begun, started('a'), { type: 'run.paused' }, attempt('a')]],
  ],
  'an event taken in in a pause': [
    /though the run was paused/,
    [[0, ...begun, { type: 'run.paused' }, { type: 'event.received', name: 'e' }]],
  ],
  'a sleep that ends in a pause': [
    /though the run was paused/,
    [
      [0, ...begun, started('a', { kind: 'sleep', until: 5 }), { type: 'run.paused' }],
      [9, succeeded('a')],
    ],
  ],
  'a wait given up though the event is there': [
    /though "e" was there/,
    [
      [
        0,
        ...begun,
        { type: 'event.received', name: 'e' },
        started('a', { kind: 'event', event: 'e', until: 5 }),
      ],
      [9, failed('a', 'WAIT_TIMED_OUT')],
    ],
  ],
  'an event given to two': [
    /which is not there for it/,
    [
      [0, ...begun, { type: 'event.received', name: 'e' }],
      [1, started('a', { kind: 'event', event: 'e' }), succeeded('a', 2)],
      [2, started('b', { kind: 'event', event: 'e' }), succeeded('b', 2)],
    ],
  ],
  'an uncertain step that is begun again': [
    /nobody knows what became/,
    [[0, ...begun, started('unsure 1'), attempt('unsure 1')]],
  ],
  'the new way without the patch': [/not in force/, [[0, ...begun, started('new way of patch 1')]]],
  'the old way with the patch': [
    /was in force/,
    [[0, ...begun, started('patch(patch 1)', { kind: 'patch' }), started('old way of patch 1')]],
  ],
  'a step that is not undone': [
    /but not undone: undoable 1/,
    [[0, ...begun, started('undoable 1'), succeeded('undoable 1'), runFailed]],
  ],
  'steps undone first to last': [
    /where "undoable 2" was to be undone/,
    [
      [
        0,
        ...begun,
        started('undoable 1'),
        succeeded('undoable 1'),
        started('undoable 2'),
        succeeded('undoable 2'),
      ],
      [1, started('undoable 1/undo')],
    ],
  ],
  'steps undone at the same time': [
    /while "undoable 2" was being undone/,
    [
      [
        0,
        ...begun,
        started('undoable 1'),
        succeeded('undoable 1'),
        started('undoable 2'),
        succeeded('undoable 2'),
      ],
      [1, started('undoable 2/undo'), started('undoable 1/undo')],
    ],
  ],
};

test.each(Object.entries(wrong))('%s is seen in a journal', (_, [message, commits]) => {
  const watch = new JournalWatch('r', new Violations());
  const take = () => {
    let position = 0;
    for (const [at, ...events] of commits) {
      watch.take(position, at, events);
      position += events.length;
    }
  };
  expect(take).toThrow(message);
});

test('a gap is seen in a journal', () => {
  const watch = new JournalWatch('r', new Violations());
  watch.take(0, 0, begun);
  expect(() => watch.take(3, 1, [started('a')])).toThrow('a commit at position 3, where 2 is the next');
});

test('a fork may have what its source had done after its end', () => {
  const watch = new JournalWatch('r', new Violations());
  const fork: JournalEvent = { type: 'run.forked', run: 'source', op: 'a' };
  watch.take(0, 0, [...begun, started('a'), runFailed, succeeded('a'), fork]);
  watch.take(6, 1, [...begun, started('a'), succeeded('a', 4), { type: 'run.succeeded' }]);
  expect(watch.ended?.type).toBe('run.succeeded');
});
