import type { JournalEvent, RunEvent } from 'stepwell';
import { expect, test } from 'vitest';
import { operationsOf } from '../src/timeline/operations.ts';

/** A journal with one event a second. */
function journal(...events: JournalEvent[]): RunEvent[] {
  return events.map((event, position) => ({ position, at: position * 1_000, event }));
}

const step = (op: string): JournalEvent => ({ type: 'operation.started', op, kind: 'step' });
const error = { name: 'Error', message: 'no' };

test('a step that is tried again and succeeds', () => {
  const events = journal(
    step('charge'),
    { type: 'operation.retrying', op: 'charge', attempt: 1, until: 2_000, error },
    { type: 'operation.attempt', op: 'charge', attempt: 2 },
    { type: 'operation.succeeded', op: 'charge', value: 'paid' },
  );
  const base = { op: 'charge', kind: 'step', startedAt: 0 };
  expect(operationsOf(events.slice(0, 2))).toEqual([
    { ...base, attempts: 1, status: 'retrying', until: 2_000, error },
  ]);
  expect(operationsOf(events.slice(0, 3))).toEqual([{ ...base, attempts: 2, status: 'running', error }]);
  expect(operationsOf(events)).toEqual([
    { ...base, attempts: 2, status: 'succeeded', endedAt: 3_000, value: 'paid' },
  ]);
});

test('what an operation waits for, and the value of the event that came', () => {
  const events = journal(
    { type: 'operation.started', op: 'go', kind: 'event', event: 'go', until: 9_000 },
    { type: 'operation.started', op: 'approval', kind: 'callback', callback: 'c-1' },
    {
      type: 'operation.started',
      op: 'child',
      kind: 'child',
      child: { id: 'r/1', workflow: 'w', version: '1' },
    },
    { type: 'event.received', name: 'go', value: 7 },
    { type: 'operation.succeeded', op: 'go', from: 3 },
  );
  expect(operationsOf(events)).toEqual([
    { op: 'go', kind: 'event', startedAt: 0, status: 'succeeded', waitsFor: 'go', endedAt: 4_000, value: 7 },
    { op: 'approval', kind: 'callback', startedAt: 1_000, status: 'waiting', waitsFor: 'c-1' },
    { op: 'child', kind: 'child', startedAt: 2_000, status: 'waiting', waitsFor: 'r/1' },
  ]);
});

test('groups end with what is in them; patches are no operations to look at', () => {
  const events = journal(
    { type: 'operation.started', op: 'batch', kind: 'map', items: 2 },
    { type: 'operation.started', op: 'patch', kind: 'patch' },
    step('batch/a'),
    { type: 'operation.failed', op: 'batch/a', error },
    { type: 'operation.ended', op: 'batch', error },
    step('other'),
    { type: 'operation.cancelled', op: 'other' },
  );
  expect(operationsOf(events).map(({ op, status }) => `${op} ${status}`)).toEqual([
    'batch failed',
    'batch/a failed',
    'other cancelled',
  ]);
});

test('after an operator’s retry an operation that begins anew stands where the run is now', () => {
  const events = journal(
    step('charge'),
    { type: 'operation.failed', op: 'charge', error },
    step('undo'),
    { type: 'operation.succeeded', op: 'undo' },
    { type: 'run.failed', error, op: 'charge' },
    { type: 'run.reopened', op: 'charge' },
    step('charge'),
  );
  expect(operationsOf(events)).toEqual([
    { op: 'undo', kind: 'step', startedAt: 2_000, status: 'succeeded', attempts: 1, endedAt: 3_000 },
    { op: 'charge', kind: 'step', startedAt: 6_000, status: 'running', attempts: 1 },
  ]);
});

test('a fork has the results of the run that it parted from', () => {
  const events = journal(
    step('charge'),
    { type: 'operation.succeeded', op: 'charge', value: 7 },
    { type: 'run.forked', run: 'source', op: 'charge' },
    step('charge'),
    { type: 'operation.succeeded', op: 'charge', from: 1 },
  );
  expect(operationsOf(events)).toMatchObject([{ op: 'charge', status: 'succeeded', value: 7 }]);
});
