import { expect, test } from 'vitest';
import type { JournalEvent } from '../../src/model/event.ts';
import { failureWith } from '../../src/model/failure.ts';
import { entriesOf, Past, splitAtLastBeginning } from '../../src/replay/past.ts';

const error = failureWith('VALUE_THROWN', 'broken');

/** A journal of one event a commit, a second apart. */
const journal = (...events: JournalEvent[]) =>
  entriesOf(events.map((event, position) => ({ position, at: position * 1_000, events: [event] })));
const pastOf = (...events: JournalEvent[]): Past => {
  const past = new Past();
  for (const entry of journal(...events)) past.take(entry);
  return past;
};
const started = (op: string, kind: 'step' | 'callback' | 'event' = 'step'): JournalEvent => ({
  type: 'operation.started',
  op,
  kind,
});
const succeeded = (op: string, value: number): JournalEvent => ({ type: 'operation.succeeded', op, value });
const failed = (op: string): JournalEvent => ({ type: 'operation.failed', op, error });
const received = (name: string, value: number): JournalEvent => ({ type: 'event.received', name, value });
const retrying: JournalEvent = { type: 'run.retrying', attempt: 1, error, until: 50_000 };
const reopened = (op?: string): JournalEvent => ({
  type: 'run.reopened',
  ...(op === undefined ? {} : { op }),
});

test('entries have the positions of their commits', () => {
  const commits = [
    { position: 0, at: 5, events: [started('a'), succeeded('a', 1)] },
    { position: 2, at: 9, events: [started('b')] },
  ];
  expect(entriesOf(commits).map(({ position, at }) => [position, at])).toEqual([
    [0, 5],
    [1, 5],
    [2, 9],
  ]);
});

test('without a new beginning everything is present', () => {
  const entries = journal({ type: 'run.started', seed: 's' }, started('a'), succeeded('a', 1));
  const { past, present } = splitAtLastBeginning(entries);
  expect(present).toEqual(entries);
  expect([past.seed, past.remembered.size, past.beginnings]).toEqual(['', 0, 0]);
});

test('a journal is split behind its last beginning', () => {
  const { past, present } = splitAtLastBeginning(
    journal(
      { type: 'run.started', seed: 's' },
      retrying,
      { type: 'run.started', seed: 's' },
      reopened(),
      started('b'),
    ),
  );
  expect(present.map(({ position }) => position)).toEqual([4]);
  expect([past.seed, past.beginnings]).toEqual(['s', 2]);
});

test('a retry of the whole run forgets outcomes, and gives the events that came once more', () => {
  const past = pastOf(
    { type: 'run.started', seed: 's' },
    received('go', 1),
    received('go', 2),
    started('go', 'event'),
    { type: 'operation.succeeded', op: 'go', from: 1 },
    succeeded('a', 1),
    retrying,
  );
  expect(past.remembered.size).toBe(0);
  expect(past.kept.map(({ value }) => value)).toEqual([1, 2]);
  expect([past.failures, past.retrying?.until, past.reopenedAt]).toEqual([1, 50_000, null]);
});

test('an operator’s retry remembers what succeeded, and the failures that are not to blame', () => {
  const past = pastOf(
    succeeded('a', 1),
    failed('optional'),
    failed('pay/charge'),
    failed('pay'),
    reopened('pay'),
  );
  expect([...past.remembered]).toEqual([
    ['a', { ok: true, position: 0, value: 1 }],
    ['optional', { ok: false, error }],
  ]);
  expect([past.failures, past.reopenedAt]).toEqual([0, 4_000]);
});

test('an operator’s retry that blames nobody forgets all failures', () => {
  const past = pastOf(succeeded('a', 1), failed('b'), failed('c'), reopened());
  expect([...past.remembered.keys()]).toEqual(['a']);
});

test('the result of an event is remembered with its value, and the event is not given again', () => {
  const past = pastOf(
    received('go', 7),
    received('go', 8),
    started('go', 'event'),
    { type: 'operation.succeeded', op: 'go', from: 0 },
    reopened(),
  );
  expect(past.remembered.get('go')).toEqual({ ok: true, position: 0, value: 7 });
  expect(past.kept.map(({ value }) => value)).toEqual([8]);
});

test('what was remembered is remembered again by a second operator’s retry', () => {
  const past = pastOf(
    succeeded('a', 7),
    reopened(),
    started('a'),
    { type: 'operation.succeeded', op: 'a', from: 0 },
    failed('b'),
    reopened(),
  );
  expect(past.remembered.get('a')).toEqual({ ok: true, position: 0, value: 7 });
});

test('a step that was undone is forgotten, and counted: it is a new effect', () => {
  const past = pastOf(succeeded('pay', 1), succeeded('pay/undo', 0), failed('x'), reopened());
  expect(past.remembered.size).toBe(0);
  expect([...past.undone]).toEqual([['pay', 1]]);
});

test('a step that its author called undo undoes nothing', () => {
  const past = pastOf(
    { type: 'operation.started', op: 'pay', kind: 'group' },
    succeeded('pay/undo', 1),
    reopened(),
  );
  expect([...past.remembered.keys()]).toEqual(['pay/undo']);
  expect(past.undone.size).toBe(0);
});

test('a group that is to blame gets all its time again', () => {
  const past = pastOf(
    succeeded('all/(timeout)', 0),
    succeeded('all/item/(timeout)', 0),
    succeeded('all/item/work', 1),
    succeeded('other/(timeout)', 0),
    reopened('all'),
  );
  expect([...past.remembered.keys()]).toEqual(['all/item/work', 'other/(timeout)']);
});

test('a callback that was not completed is opened anew, so its submit is done again', () => {
  const past = pastOf(
    started('approve', 'callback'),
    succeeded('approve/submit', 1),
    started('sign', 'callback'),
    succeeded('sign/submit', 1),
    succeeded('sign', 5),
    reopened(),
  );
  expect([...past.remembered.keys()]).toEqual(['sign/submit', 'sign']);
});

test('a fork has other random numbers and begins at its own time', () => {
  const past = pastOf({ type: 'run.started', seed: 's' }, succeeded('a', 1), failed('b'), {
    type: 'run.forked',
    run: 'other',
    op: 'c',
  });
  expect([past.seed, past.reopenedAt, past.beginnings]).toEqual(['', 3_000, 1]);
  expect([...past.remembered.keys()]).toEqual(['a', 'b']);
});

test('a pause lasts over a retry of the whole run, but not over an operator’s', () => {
  expect(pastOf({ type: 'run.paused' }, retrying).paused).toBe(true);
  expect(pastOf({ type: 'run.paused' }, { type: 'run.resumed' }).paused).toBe(false);
  expect(pastOf({ type: 'run.paused' }, reopened()).paused).toBe(false);
});

test('ids of events stay known, so that a double is dropped after a new beginning too', () => {
  const past = pastOf({ type: 'event.received', name: 'go', id: 'payment-7' }, retrying);
  expect([...past.eventIds]).toEqual(['payment-7']);
});
