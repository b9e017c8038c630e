import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JournalEvent } from '../../src/model/event.ts';
import { failureWith } from '../../src/model/failure.ts';
import { isAwaited, RunState } from '../../src/replay/state.ts';

const error = failureWith('VALUE_THROWN', 'broken');

function stateOf(...events: JournalEvent[]): RunState {
  const state = new RunState();
  for (const [position, event] of events.entries()) state.apply(event, position, position * 10);
  return state;
}
const step = (op: string, held?: true): JournalEvent => ({
  type: 'operation.started',
  op,
  kind: 'step',
  ...(held === undefined ? {} : { held }),
});
const wait = (op: string, event: string): JournalEvent => ({
  type: 'operation.started',
  op,
  kind: 'event',
  event,
});
const received = (name: string, value: number): JournalEvent => ({ type: 'event.received', name, value });

test('an operation is pending until it is settled', () => {
  const state = stateOf(step('a'), step('b'), step('c'), step('d'));
  state.apply({ type: 'operation.succeeded', op: 'a' }, 4, 0);
  state.apply({ type: 'operation.failed', op: 'b', error }, 5, 0);
  state.apply({ type: 'operation.cancelled', op: 'c' }, 6, 0);
  expect([...state.pending.keys()]).toEqual(['d']);
});

test('attempts, failures and heartbeats of a step', () => {
  const state = stateOf(
    step('a'),
    { type: 'operation.heartbeat', op: 'a', details: 1 },
    { type: 'operation.heartbeat', op: 'a' },
    { type: 'operation.retrying', op: 'a', attempt: 1, until: 500, error },
  );
  const pending = () => state.pending.get('a')!;
  expect(pending()).toMatchObject({ attempts: 1, failures: 1, inFlight: false, retryAt: 500, details: 1 });
  state.apply({ type: 'operation.attempt', op: 'a', attempt: 2 }, 4, 500);
  expect(pending()).toMatchObject({ attempts: 2, failures: 1, inFlight: true, retryAt: null, details: 1 });
  // A crash cuts the second attempt off: the third is no failure more.
  state.apply({ type: 'operation.attempt', op: 'a', attempt: 3 }, 5, 600);
  expect(pending()).toMatchObject({ attempts: 3, failures: 1 });
});

test('what is held has not begun', () => {
  expect(stateOf(step('a', true)).pending.get('a')).toMatchObject({ attempts: 0, inFlight: false });
});

test('groups, patches and children that nobody awaits are not pending', () => {
  const child = { id: 'c', workflow: 'w', version: '1' };
  const state = stateOf(
    { type: 'operation.started', op: 'g', kind: 'group' },
    { type: 'operation.started', op: 'm', kind: 'map', items: 2 },
    { type: 'operation.started', op: 'p', kind: 'parallel', items: 2 },
    { type: 'operation.started', op: 'patch(x)', kind: 'patch' },
    { type: 'operation.started', op: 'd', kind: 'child', child: { ...child, detached: true } },
    { type: 'operation.started', op: 'c', kind: 'child', child },
  );
  expect([...state.pending.keys()]).toEqual(['c']);
  expect([...state.patches]).toEqual(['patch(x)']);
  expect(isAwaited({ type: 'operation.started', op: 'c', kind: 'child', child })).toBe(true);
});

test('a child that goes on as another run is awaited under the other id', () => {
  const child = { id: 'one', workflow: 'w', version: '1' };
  const state = stateOf(
    { type: 'operation.started', op: 'c', kind: 'child', child },
    { type: 'operation.continued', op: 'c', by: 'two' },
  );
  expect(state.pending.get('c')!.started.child).toEqual({ ...child, id: 'two' });
});

test('events and those who wait for them are paired, oldest first, name by name', () => {
  const state = stateOf(received('a', 1), wait('x', 'b'), wait('y', 'a'), received('a', 2), wait('z', 'a'));
  const pairs: unknown[] = [];
  for (let pair = state.nextPair(), at = 9; pair !== null; pair = state.nextPair()) {
    pairs.push([pair.op, state.apply({ type: 'operation.succeeded', ...pair }, at++, 0)]);
  }
  expect(pairs).toEqual([
    ['y', 1],
    ['z', 2],
  ]);
  expect([...state.pending.keys()]).toEqual(['x']);
});

test('one that does not wait any more gets no event', () => {
  const state = stateOf(wait('x', 'a'), wait('y', 'a'));
  state.apply({ type: 'operation.failed', op: 'x', error }, 2, 0);
  state.apply(received('a', 1), 3, 0);
  expect(state.nextPair()).toEqual({ op: 'y', from: 3 });
});

test('however events, waits and timeouts fall, no event is lost or given twice, and nobody waits beside an event', () => {
  const action = fc.record({
    type: fc.constantFrom('receive', 'wait', 'give up'),
    name: fc.constantFrom('a', 'b'),
    n: fc.nat(5),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const state = new RunState();
      let position = 0;
      const sent: number[] = [];
      const got: number[] = [];
      for (const { type, name, n } of actions) {
        const op = `${name}${n}`;
        if (type === 'receive') {
          sent.push(position);
          state.apply(received(name, position), position++, 0);
        } else if (type === 'wait' && !state.pending.has(op)) state.apply(wait(op, name), position++, 0);
        else if (type === 'give up') state.apply({ type: 'operation.failed', op, error }, position++, 0);
        for (let pair = state.nextPair(); pair !== null; pair = state.nextPair()) {
          expect(pair.op[0]).toBe(state.pending.get(pair.op)!.started.event);
          got.push(state.apply({ type: 'operation.succeeded', ...pair }, position++, 0) as number);
        }
      }
      expect(new Set(got).size).toBe(got.length);
      // Whatever is left is had by those who ask for it now.
      for (const name of ['a', 'b']) {
        for (let n = 10; n < 100; n++) {
          state.apply(wait(`${name}${n}`, name), position++, 0);
          const pair = state.nextPair();
          if (pair !== null)
            got.push(state.apply({ type: 'operation.succeeded', ...pair }, position++, 0) as number);
        }
      }
      expect(got.toSorted((a, b) => a - b)).toEqual(sent);
    }),
  );
});

test('cancel, pause and resume', () => {
  const state = stateOf(
    { type: 'run.paused' },
    { type: 'run.cancel_requested', cause: 'timeout', reason: 'late' },
  );
  expect([state.paused, state.cancelled, state.cancelReason]).toEqual([true, 'timeout', 'late']);
  state.apply({ type: 'run.resumed' }, 2, 0);
  expect(state.paused).toBe(false);
});
