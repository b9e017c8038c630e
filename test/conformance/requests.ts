import { expect, test } from 'vitest';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import type { NewRequest } from '../../packages/stepwell/src/store/records.ts';

export function testRequests(store: () => Store): void {
  const begin = (key: string, given: Partial<NewRequest> = {}) =>
    store().beginRequest({
      namespace: 'default',
      key,
      fingerprint: 'f',
      now: 1_000,
      expiresAt: 500_000,
      ...given,
    });
  const answer = (key: string, text: string | null, namespace = 'default') =>
    store().answerRequest({ namespace, key, answer: text });

  test('a request begins once, and is told of from then on', async () => {
    expect(await begin('k')).toEqual({ begun: true });
    expect(await begin('k', { fingerprint: 'other' })).toEqual({
      begun: false,
      fingerprint: 'f',
      answer: null,
    });
    expect(await begin('k', { namespace: 'other' })).toEqual({ begun: true });
    await answer('k', '{"ok":true}');
    expect(await begin('k')).toEqual({ begun: false, fingerprint: 'f', answer: '{"ok":true}' });
    await answer('k', 'another');
    expect(await begin('k')).toEqual({ begun: false, fingerprint: 'f', answer: '{"ok":true}' });
    expect(await begin('k', { namespace: 'other' })).toMatchObject({ begun: false, answer: null });
  });

  test('of those that begin at once one does', async () => {
    const states = await Promise.all(
      Array.from({ length: 5 }, (_, n) => begin('k', { fingerprint: `${n}` })),
    );
    const winner = states.findIndex(({ begun }) => begun);
    const told = { begun: false, fingerprint: `${winner}`, answer: null };
    expect(states).toEqual(states.map((_, n) => (n === winner ? { begun: true } : told)));
  });

  test('one that was given up, or has no answer for a minute, begins again', async () => {
    await begin('k');
    await answer('k', null);
    expect(await begin('k', { fingerprint: 'new', now: 2_000 })).toEqual({ begun: true });
    expect(await begin('k', { now: 62_000 })).toEqual({ begun: false, fingerprint: 'new', answer: null });
    expect(await begin('k', { fingerprint: 'newer', now: 62_001 })).toEqual({ begun: true });
    await answer('k', 'done');
    await answer('k', null);
    expect(await begin('k', { now: 400_000 })).toEqual({
      begun: false,
      fingerprint: 'newer',
      answer: 'done',
    });
  });

  test('one that has expired begins again', async () => {
    await begin('k');
    await answer('k', 'done');
    expect(await begin('k', { now: 499_999 })).toMatchObject({ begun: false });
    expect(await begin('k', { now: 500_000, expiresAt: 900_000 })).toEqual({ begun: true });
    expect(await begin('k', { now: 500_001 })).toMatchObject({ begun: false, answer: null });
  });

  test('those that expired are forgotten', async () => {
    await begin('a', { expiresAt: 2_000 });
    await begin('b', { expiresAt: 3_000, namespace: 'other' });
    await begin('c', { expiresAt: 4_000 });
    await answer('a', 'done');
    expect(await store().forgetRequests(2_000)).toBe(0);
    expect(await store().forgetRequests(3_001)).toBe(2);
    expect(await store().forgetRequests(3_001)).toBe(0);
    expect(await begin('a')).toEqual({ begun: true });
    expect(await begin('c')).toMatchObject({ begun: false });
    await answer('never begun', 'x');
    expect(await begin('never begun')).toEqual({ begun: true });
  });
}
