import type { WaitReason } from 'stepwell';
import { expect, test } from 'vitest';
import { adviceFor, describeWait } from '../src/timeline/wait-reason.ts';

const NOW = new Date(2026, 10, 22, 12, 0, 0).getTime();

test.each<[WaitReason, string, string | undefined]>([
  [
    { kind: 'callback', op: 'approval', callback: 'c-1', until: NOW + 3_600_000 },
    'callback "approval", until 13:00:00 (in 1h 00m)',
    'stepwell callback succeed c-1 [VALUE]',
  ],
  [{ kind: 'event', op: 'go', detail: 'go' }, 'event "go"', 'stepwell raise run-1 go [VALUE]'],
  [{ kind: 'event', op: 'go#2', detail: 'go' }, 'event "go#2": go', 'stepwell raise run-1 go [VALUE]'],
  [{ kind: 'child', op: 'pay', child: 'pay-1' }, 'child run pay-1', 'stepwell show pay-1'],
  [
    { kind: 'retry', op: 'charge', until: NOW + 5_000 },
    'the next attempt of "charge", at 12:00:05 (in 5.00 s)',
    undefined,
  ],
  [{ kind: 'sleep', op: 'sleep', until: NOW - 1 }, 'sleep "sleep", at 11:59:59 (now)', undefined],
  [{ kind: 'step', op: 'charge' }, 'step "charge"', undefined],
  [{ kind: 'paused', detail: 'maintenance' }, 'being resumed: maintenance', 'stepwell resume run-1'],
  [
    { kind: 'queue paused', detail: 'the queue "mail" was paused' },
    'its queue: the queue "mail" was paused',
    'stepwell queue resume mail',
  ],
  [{ kind: 'stuck', detail: 'asks for a' }, 'code that fits what it has recorded: asks for a', undefined],
  [
    { kind: 'stuck', until: NOW + 60_000 },
    'code that fits what it has recorded, tried again at 12:01:00 (in 1m 00s)',
    undefined,
  ],
  [{ kind: 'no worker' }, 'a worker that has its workflow in its version', undefined],
  [
    { kind: 'start', detail: 'a worker', until: NOW + 60_000 },
    'its start, at 12:01:00 (in 1m 00s)',
    undefined,
  ],
  [{ kind: 'start', detail: 'a worker', until: NOW - 60_000 }, 'a worker that takes it', undefined],
])('%j', (reason, words, advice) => {
  expect(describeWait(reason, NOW)).toBe(words);
  expect(adviceFor(reason, { id: 'run-1', queue: 'mail' })).toBe(advice);
});

test('advice can be copied into a shell, whatever the id is', () => {
  const run = { id: "it's 5 & more", queue: 'mail' };
  expect(adviceFor({ kind: 'event', op: 'go', detail: 'go' }, run)).toBe(
    `stepwell raise 'it'\\''s 5 & more' go [VALUE]`,
  );
});

test('what an error says on the way cannot steer the terminal', () => {
  const detail = 'failed: \u001b[2Jgone\r\n  next';
  expect(describeWait({ kind: 'retry', op: 'a', detail }, NOW)).toBe(
    'the next attempt of "a": failed: gone next',
  );
});
