import type { Command } from 'commander';
import { type PauseOptions, StepwellError, type QueueInfo, type QueueSettings } from 'stepwell';
import { durationText } from 'stepwell/engine';
import { openTarget, targetOption } from '../target/target.ts';
import { formatDuration } from '../terminal/duration.ts';
import { table } from '../terminal/table.ts';
import { describeWait } from '../timeline/wait-reason.ts';
import { durationOf, wholeNumber } from './argument.ts';

interface SetOptions {
  concurrency?: string;
  rate?: string;
  perKey?: string;
  startDeadline?: string;
}

export function addQueueCommand(parent: Command): void {
  const queue = parent
    .command('queue')
    .summary('look at queues, set what holds them back: list, set, pause, resume, retry');
  addList(queue);
  addSet(queue);
  addPause(queue);
  addResume(queue);
  addRetry(queue);
}

function addList(queue: Command): void {
  queue
    .command('list')
    .summary('queues that have settings or runs')
    .addOption(targetOption())
    .action(async (_options: object, command: Command) => {
      await using target = await openTarget(command);
      const { output } = target;
      const queues = await target.well.queues();
      output.result({ queues }, () => describe(queues, Date.now(), output.width));
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
    .addOption(targetOption())
    .action(async (name: string, options: SetOptions, command: Command) => {
      const settings = settingsOf(options);
      await using target = await openTarget(command);
      await target.well.setQueue(name, settings);
      target.output.result({ queue: name, settings }, () => [`${name}: ${settingsText(settings)}`]);
    });
}

function addPause(queue: Command): void {
  queue
    .command('pause')
    .summary('take up no more runs of a queue')
    .argument('<queue>', 'its name')
    .option('--reason <text>', 'why, for whoever looks')
    .option('--by <name>', 'who, for whoever looks')
    .addOption(targetOption())
    .action(async (name: string, given: PauseOptions, command: Command) => {
      await using target = await openTarget(command);
      await target.well.pauseQueue(name, given);
      target.output.result({ queue: name, ...given }, () => [`${name} is paused`]);
    });
}

function addResume(queue: Command): void {
  queue
    .command('resume')
    .summary('take up runs of a queue again')
    .argument('<queue>', 'its name')
    .addOption(targetOption())
    .action(async (name: string, _options: object, command: Command) => {
      await using target = await openTarget(command);
      await target.well.resumeQueue(name);
      target.output.result({ queue: name }, () => [`${name} goes on`]);
    });
}

function addRetry(queue: Command): void {
  queue
    .command('retry')
    .summary('retry the runs of a queue that failed or timed out')
    .argument('<queue>', 'its name')
    .addOption(targetOption())
    .action(async (name: string, _options: object, command: Command) => {
      await using target = await openTarget(command);
      const count = await target.well.retryAll({ queue: name });
      target.output.result({ queue: name, count }, () => [`retrying ${count} of ${name}`]);
    });
}

function settingsOf({ concurrency, rate, perKey, startDeadline }: SetOptions): QueueSettings {
  const most = Number.MAX_SAFE_INTEGER;
  return {
    ...(concurrency !== undefined && { concurrency: wholeNumber(concurrency, 'concurrency', 1, most) }),
    ...(rate !== undefined && { rate: rateOf(rate) }),
    ...(perKey !== undefined && { perKey: wholeNumber(perKey, 'number by key', 1, most) }),
    ...(startDeadline !== undefined && { startDeadline: durationOf(startDeadline, 'start deadline') }),
  };
}

function rateOf(text: string): NonNullable<QueueSettings['rate']> {
  const [, limit, period] = /^(\d{1,15})\/(.+)$/.exec(text) ?? [];
  if (limit === undefined || period === undefined)
    throw new StepwellError(
      'COMMAND_INVALID',
      `The rate "${text}" is not a number and a time such as 10/1s.`,
    );
  return { limit: Number(limit), period: durationOf(period, 'period of the rate') };
}

function settingsText({ concurrency, rate, perKey, startDeadline }: QueueSettings): string {
  const time = (duration: string | number) =>
    typeof duration === 'number' ? durationText(duration) : duration;
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
