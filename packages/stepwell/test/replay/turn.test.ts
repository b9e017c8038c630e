import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { OperationStarted } from '../../src/model/event.ts';
import { failureWith } from '../../src/model/failure.ts';
import type { OperationKind } from '../../src/model/operation.ts';
import { RecordedTurn } from '../../src/replay/turn.ts';

const asked = (op: string, kind: OperationKind = 'step'): OperationStarted => ({
  type: 'operation.started',
  op,
  kind,
});
const turnOf = (...ops: OperationStarted[]): RecordedTurn =>
  new RecordedTurn(ops.map((event, n) => ({ position: 10 + n, at: 5, event })));

function misfit(act: () => unknown): { message: string; data: unknown } {
  let error: unknown;
  try {
    act();
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({ code: 'JOURNAL_MISMATCH' });
  return error as { message: string; data: unknown };
}

test('what is asked for in the recorded order is given as it was recorded', () => {
  const turn = turnOf(asked('a'), { ...asked('s', 'sleep'), until: 99 });
  expect(turn.take(asked('a'))).toMatchObject({ position: 10, at: 5, event: { op: 'a' } });
  expect(turn.take({ ...asked('s', 'sleep'), until: 1 }).event.until).toBe(99);
  expect(() => turn.end()).not.toThrow();
});

test('between groups the order may differ, within one it may not', () => {
  const recorded = [asked('g/a'), asked('h/a'), asked('g/b'), asked('h/b'), asked('top')];
  const turn = turnOf(...recorded);
  for (const op of ['top', 'h/a', 'h/b', 'g/a', 'g/b']) turn.take(asked(op));
  expect(() => turn.end()).not.toThrow();
  misfit(() => turnOf(...recorded).take(asked('g/b')));
});

test('any interleaving that keeps the order of each group fits', () => {
  const groups = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 30 });
  fc.assert(
    fc.property(groups, groups, (one, other) => {
      const counts = [0, 0, 0, 0];
      const ops = one.map((group) => asked(`g${group}/n${counts[group]!++}`));
      const turn = turnOf(...ops);
      const queues = [0, 1, 2, 3].map((group) => ops.filter(({ op }) => op.startsWith(`g${group}/`)));
      // Groups in another order: first as the second list says, then what is left.
      for (const group of [...other, ...ops.keys()].map((n) => n % 4)) {
        const next = queues[group]!.shift();
        if (next !== undefined) turn.take(next);
      }
      for (const next of queues.flat()) turn.take(next);
      expect(() => turn.end()).not.toThrow();
    }),
  );
});

test('another name, another kind, one too many, one missing: both sides are shown', () => {
  const other = misfit(() => turnOf(asked('a')).take(asked('b')));
  expect(other.message).toContain('The journal has: step "a" at position 10. The code: asks for step "b".');
  expect(other.data).toEqual({
    journal: { position: 10, op: 'a', kind: 'step' },
    code: { op: 'b', kind: 'step' },
  });

  const kind = misfit(() => turnOf(asked('a')).take(asked('a', 'event')));
  expect(kind.message).toContain('asks for event "a"');

  const more = misfit(() => turnOf().take(asked('a')));
  expect(more.message).toContain('nothing more in this place');
  expect(more.data).toEqual({ journal: null, code: { op: 'a', kind: 'step' } });

  const missing = misfit(() => turnOf(asked('a')).end());
  expect(missing.message).toContain('The code: did not ask for it.');
  expect(missing.data).toEqual({ journal: { position: 10, op: 'a', kind: 'step' }, code: null });
});

test('one that was taken cannot be taken again', () => {
  const turn = turnOf(asked('a'));
  turn.take(asked('a'));
  expect(misfit(() => turn.take(asked('a'))).message).toContain('nothing more in this place');
});

test('patches and all that is not asked for do not count', () => {
  const turn = new RecordedTurn([
    { position: 0, at: 0, event: asked('patch(x)', 'patch') },
    { position: 1, at: 0, event: { type: 'status', text: 'x' } },
    { position: 2, at: 0, event: { type: 'operation.cancelled', op: 'y' } },
  ]);
  expect(() => turn.end()).not.toThrow();
});

test('after a turn that was cut off the code that was mended may ask for what was not recorded', () => {
  for (const code of ['WORKFLOW_NEVER_SETTLES', 'CTX_OUTSIDE_TURN', 'JOURNAL_MISMATCH'] as const) {
    const stuck = {
      position: 11,
      at: 5,
      event: { type: 'run.stuck', error: failureWith(code, 'x') },
    } as const;
    const entries = [{ position: 10, at: 5, event: asked('a') }, stuck];
    const isCutOff = code !== 'JOURNAL_MISMATCH';
    const turn = new RecordedTurn(entries, true);
    expect([turn.isBeyond(asked('b')), turn.isBeyond(asked('g/b'))]).toEqual([false, isCutOff]);
    turn.take(asked('a'));
    expect(turn.isBeyond(asked('b'))).toBe(isCutOff);
    // Where the journal goes on the function did as well.
    const earlier = new RecordedTurn(entries, false);
    earlier.take(asked('a'));
    expect(earlier.isBeyond(asked('b'))).toBe(false);
  }
});
