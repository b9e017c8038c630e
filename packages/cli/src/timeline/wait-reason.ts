import type { WaitReason } from 'stepwell';
import { formatDuration, formatTime } from '../terminal/duration.ts';
import { clip } from '../terminal/table.ts';
import { shellWord } from './shell-word.ts';

/** What a run waits for, in a few words. */
export function describeWait(reason: WaitReason, now: number): string {
  const { kind, until = now } = reason;
  if (kind === 'start') return until > now ? `its start${timeLimit(reason, now)}` : 'a worker that takes it';
  const detail = reason.detail === undefined || reason.detail === reason.op ? '' : `: ${reason.detail}`;
  return `${subject(reason)}${clip(detail, Number.POSITIVE_INFINITY)}${timeLimit(reason, now)}`;
}

/** What somebody outside can do to move the run. */
export function adviceFor(
  { kind, callback, detail, child }: WaitReason,
  run: { readonly id: string; readonly queue: string },
): string | undefined {
  const id = shellWord(run.id);
  if (kind === 'callback' && callback !== undefined) return `stepwell callback succeed ${callback} [VALUE]`;
  if (kind === 'event' && detail !== undefined) return `stepwell raise ${id} ${shellWord(detail)} [VALUE]`;
  if (kind === 'child' && child !== undefined) return `stepwell show ${shellWord(child)}`;
  if (kind === 'paused') return `stepwell resume ${id}`;
  if (kind === 'queue paused') return `stepwell queue resume ${shellWord(run.queue)}`;
  return undefined;
}

function subject({ kind, op, child }: WaitReason): string {
  const name = op === undefined ? '' : ` "${op}"`;
  switch (kind) {
    case 'child':
      return `child run ${child ?? name.trim()}`;
    case 'retry':
      return `the next attempt of${name}`;
    case 'no worker':
      return 'a worker that has its workflow in its version';
    case 'concurrency':
      return 'its turn: other runs with its concurrency key come first';
    case 'queue paused':
      return 'its queue';
    case 'queue limit':
      return 'a place in its queue';
    case 'rate':
      return 'the rate of its queue';
    case 'more':
      return 'more';
    case 'paused':
      return 'being resumed';
    case 'stuck':
      return 'code that fits what it has recorded';
    default:
      return `${kind}${name}`;
  }
}

/** What happens at the time of a reason, where it is not that the run goes on. */
const LIMIT_WORDS: Partial<Record<WaitReason['kind'], string>> = {
  event: 'until',
  callback: 'until',
  condition: 'until',
  stuck: 'tried again at',
};

function timeLimit({ kind, until }: WaitReason, now: number): string {
  if (until === undefined) return '';
  const word = LIMIT_WORDS[kind] ?? 'at';
  return `, ${word} ${formatTime(until, now)} (${until > now ? `in ${formatDuration(until - now)}` : 'now'})`;
}
