import type { Command } from 'commander';
import { StepwellError, type QueueInfo, type QueueSettings } from 'stepwell';
import { formatDuration } from '../terminal/duration.ts';
import { table } from '../terminal/table.ts';
import { describeWait } from '../timeline/wait-reason.ts';
import { wholeNumber } from './argument.ts';
import { contextOf } from './context.ts';

interface SetOptions {
  concurrency?: string;
  rate?: string;
  perKey?: string;
  startDeadline?: string;
}

/** As it is sent: the server knows what a duration is. */
type SentSettings = Omit<QueueSettings, 'rate' | 'startDeadline'> & {
  rate?: { limit: number; period: string | number };
  startDeadline?: string | number;
};

export function addQueueCommand(parent: Command): void {
  const queue = parent
    .command('queue')
    .summary('look at queues, set what holds them back: list, set, pause, resume');
  addList(queue);
  addSet(queue);
  addPause(queue);
  addResume(queue);
}

function addList(queue: Command): void {
  queue
    .command('list')
    .summary('queues that have settings or runs')
    .action(async (_options: object, command: Command) => {
      const { api, output } = contextOf(command);
      const page = await api.get<{ queues: QueueInfo[] }>('/v1/queues');
      output.result(page, () => describe(page.queues, Date.now(), output.width));
    });
}

function addSet(queue: Command): void {
  queue
    .command('set')
    .summary('set what holds a queue back')
    .description(
      'Sets what holds a queue back, in place of what was set before. Without an option nothing does.',
    )
    .argument('<queue>', 'its name')
    .option('--concurrency <n>', 'runs that are active at once, over all workers')
    .option('--rate <n/period>', 'runs that begin in a stretch of time, e.g. 10/1s')
    .option('--per-key <n>', 'runs of one concurrency key that have begun and not ended')
    .option('--start-deadline <duration>', 'a run that has not begun by then ends as timed_out')
    .action(async (name: string, options: SetOptions, command: Command) => {
      const { api, output } = contextOf(command);
      const settings = settingsOf(options);
      await api.put(`/v1/queues/${encodeURIComponent(name)}`, settings);
      output.result({ queue: name, settings }, () => [`${name}: ${settingsText(settings)}`]);
    });
}

function addPause(queue: Command): void {
  queue
    .command('pause')
    .summary('take up no more runs of a queue')
    .argument('<queue>', 'its name')
    .option('--reason <text>', 'why, for whoever looks')
    .action(async (name: string, options: { reason?: string }, command: Command) => {
      const { api, output } = contextOf(command);
      await api.post(`/v1/queues/${encodeURIComponent(name)}/pause`, options);
      output.result({ queue: name, ...options }, () => [`${name} is paused`]);
    });
}

function addResume(queue: Command): void {
  queue
    .command('resume')
    .summary('take up runs of a queue again')
    .argument('<queue>', 'its name')
    .action(async (name: string, _options: object, command: Command) => {
      const { api, output } = contextOf(command);
      await api.post(`/v1/queues/${encodeURIComponent(name)}/resume`);
      output.result({ queue: name }, () => [`${name} goes on`]);
    });
}

function settingsOf({ concurrency, rate, perKey, startDeadline }: SetOptions): SentSettings {
  const most = Number.MAX_SAFE_INTEGER;
  return {
    ...(concurrency !== undefined && { concurrency: wholeNumber(concurrency, 'concurrency', 1, most) }),
    ...(rate !== undefined && { rate: rateOf(rate) }),
    ...(perKey !== undefined && { perKey: wholeNumber(perKey, 'number by key', 1, most) }),
    ...(startDeadline !== undefined && { startDeadline }),
  };
}

function rateOf(text: string): NonNullable<SentSettings['rate']> {
  const [, limit, period] = /^(\d{1,15})\/(.+)$/.exec(text) ?? [];
  if (limit === undefined || period === undefined)
    throw new StepwellError(
      'COMMAND_INVALID',
      `The rate "${text}" is not a number and a time such as 10/1s.`,
    );
  return { limit: Number(limit), period };
}

function settingsText({ concurrency, rate, perKey, startDeadline }: SentSettings): string {
  const time = (duration: string | number) =>
    typeof duration === 'number' ? formatDuration(duration) : duration;
  const parts = [
    ...(concurrency === undefined ? [] : [`${concurrency} at once`]),
    ...(rate === undefined ? [] : [`${rate.limit} in ${time(rate.period)}`]),
    ...(perKey === undefined ? [] : [`${perKey} by key`]),
    ...(startDeadline === undefined ? [] : [`to begin within ${time(startDeadline)}`]),
  ];
  return parts.length === 0 ? 'no limits' : parts.join(', ');
}

function describe(queues: readonly QueueInfo[], now: number, width: number): string[] {
  if (queues.length === 0) return ['No queues.'];
  const rows = queues.map(({ name, settings, counts, queuedSince, heldBy }) => [
    name,
    String(counts.queued),
    String(counts.active),
    String(counts.waiting),
    String(counts.failed),
    queuedSince === undefined ? '' : formatDuration(now - queuedSince),
    settingsText(settings),
    heldBy.map((reason) => describeWait(reason, now)).join(', '),
  ]);
  return table(
    ['QUEUE', 'QUEUED', 'ACTIVE', 'WAITING', 'FAILED', 'OLDEST', 'LIMITS', 'HELD BY'],
    rows,
    width,
  );
}
