import { type Command, Option } from 'commander';
import { StepwellError } from 'stepwell';
import { durationText } from 'stepwell/engine';
import type { ScheduleInfo, ScheduleSettings } from 'stepwell/client';
import { openTarget, type Target, targetOption, workflowsOption } from '../target/target.ts';
import type { Schedules } from '../target/well.ts';
import { formatTime } from '../terminal/duration.ts';
import { clip, table } from '../terminal/table.ts';
import { durationOf, wholeNumber } from './argument.ts';
import { parseJsonArgument } from './json-argument.ts';
import { timeOf } from './run-filter.ts';
import { showStarted } from './started.ts';

export function addScheduleCommand(parent: Command): void {
  const schedule = parent
    .command('schedule')
    .summary('start runs by the clock: list, show, set, pause, resume, run, delete');
  addList(schedule);
  addShow(schedule);
  addSet(schedule);
  addPause(schedule);
  addResume(schedule);
  addRun(schedule);
  addDelete(schedule);
}

function addList(schedule: Command): void {
  schedule
    .command('list')
    .summary('all schedules, and when they are due')
    .addOption(targetOption())
    .action(async (_options: object, command: Command) => {
      await using target = await openTarget(command);
      const { output } = target;
      const schedules = await (await target.schedules()).list();
      output.result({ schedules }, () => describe(schedules, Date.now(), output.width));
    });
}

function addShow(schedule: Command): void {
  schedule
    .command('show')
    .summary('one schedule, and its next times')
    .argument('<schedule>', 'its name')
    .addOption(targetOption())
    .action(async (name: string, _options: object, command: Command) => {
      await using target = await openTarget(command);
      const schedules = await target.schedules();
      const schedule = await schedules.get(name);
      const next = await schedules.next(name);
      target.output.result({ schedule, next }, () => describeOne(schedule, next, Date.now()));
    });
}

const OVERLAPS = ['skip', 'queue', 'cancel', 'allow'] as const;
const CATCH_UPS = ['none', 'latest', 'all'] as const;

interface SetOptions {
  cron?: string;
  timeZone?: string;
  every?: string;
  from?: string;
  queue?: string;
  priority?: string;
  overlap?: (typeof OVERLAPS)[number];
  catchUp?: (typeof CATCH_UPS)[number];
}

function addSet(schedule: Command): void {
  schedule
    .command('set')
    .summary('make a schedule, or change it')
    .description('Makes the schedule, or changes the one of that name; the same again changes nothing.')
    .argument('<schedule>', 'its name')
    .argument('<workflow>', 'name of the workflow that it starts')
    .argument('[input]', 'the input as JSON; - reads it from stdin')
    .option('--cron <expression>', 'when, e.g. "0 9 * * 1-5"')
    .option('--time-zone <zone>', 'of --cron, e.g. Asia/Tokyo; default: UTC')
    .option('--every <duration>', 'when, e.g. 15m')
    .option('--from <time>', 'of --every: the first time, e.g. 2026-01-31T12:00:00Z; default: now')
    .option('--queue <name>', 'default: that of the workflow')
    .option('--priority <n>', '0 to 9, the most urgent')
    .addOption(
      new Option('--overlap <rule>', 'while the run before has not ended; default: skip').choices(OVERLAPS),
    )
    .addOption(
      new Option('--catch-up <rule>', 'of the times when nobody was there; default: latest').choices(
        CATCH_UPS,
      ),
    )
    .addOption(targetOption())
    .addOption(workflowsOption())
    .action(
      async (
        name: string,
        workflow: string,
        text: string | undefined,
        options: SetOptions,
        command: Command,
      ) => {
        const settings = settingsOf(workflow, await parseJsonArgument(text, 'input'), options);
        await using target = await openTarget(command);
        const schedule = await (await target.schedules()).set(name, settings);
        target.output.result({ schedule }, () => [
          `${name}: ${timingOf(schedule)}, ${dueText(schedule, Date.now())}`,
        ]);
      },
    );
}

/** @throws StepwellError `COMMAND_INVALID` */
function settingsOf(workflow: string, input: unknown, options: SetOptions): ScheduleSettings {
  const { cron, timeZone, every, from, queue, priority, overlap, catchUp } = options;
  const rest = {
    workflow,
    ...(input !== undefined && { input }),
    ...(queue !== undefined && { queue }),
    ...(priority !== undefined && { priority: wholeNumber(priority, 'priority', 0, 9) }),
    ...(overlap !== undefined && { overlap }),
    ...(catchUp !== undefined && { catchUp }),
  };
  if (cron !== undefined && every === undefined && from === undefined)
    return { ...rest, cron, ...(timeZone !== undefined && { timeZone }) };
  if (every !== undefined && cron === undefined && timeZone === undefined)
    return {
      ...rest,
      every: durationOf(every, 'time of --every'),
      ...(from !== undefined && { from: timeOf(from, Date.now()) }),
    };
  throw new StepwellError(
    'COMMAND_INVALID',
    'Say when with --cron (and --time-zone), or with --every (and --from): one of the two.',
  );
}

function addPause(schedule: Command): void {
  schedule
    .command('pause')
    .summary('make no starts until it is resumed')
    .argument('<schedule>', 'its name')
    .option('--reason <text>', 'why, for whoever looks')
    .addOption(targetOption())
    .action(async (name: string, { reason }: { reason?: string }, command: Command) => {
      const because = reason === undefined ? {} : { reason };
      await tell(command, name, because, `${name} is paused`, (schedules) => schedules.pause(name, because));
    });
}

function addResume(schedule: Command): void {
  schedule
    .command('resume')
    .summary('make starts again')
    .argument('<schedule>', 'its name')
    .addOption(targetOption())
    .action(async (name: string, _options: object, command: Command) => {
      await tell(command, name, {}, `${name} goes on`, (schedules) => schedules.resume(name));
    });
}

function addRun(schedule: Command): void {
  schedule
    .command('run')
    .summary('start a run of it now, whatever its times')
    .argument('<schedule>', 'its name')
    .addOption(targetOption())
    .addOption(workflowsOption())
    .action(async (name: string, _options: object, command: Command) => {
      await using target = await openTarget(command);
      showStarted(await (await target.schedules()).runNow(name), target);
    });
}

function addDelete(schedule: Command): void {
  schedule
    .command('delete')
    .summary('remove a schedule; runs that it has started go on')
    .argument('<schedule>', 'its name')
    .addOption(targetOption())
    .action(async (name: string, _options: object, command: Command) => {
      await tell(command, name, {}, `${name} is deleted`, (schedules) => schedules.delete(name));
    });
}

async function tell(
  command: Command,
  schedule: string,
  more: object,
  done: string,
  what: (schedules: Schedules) => Promise<void>,
): Promise<void> {
  await using target: Target = await openTarget(command);
  await what(await target.schedules());
  target.output.result({ schedule, ...more }, () => [done]);
}

function describe(schedules: readonly ScheduleInfo[], now: number, width: number): string[] {
  if (schedules.length === 0) return ['No schedules.'];
  const rows = schedules.map((schedule) => [
    schedule.name,
    kindOf(schedule),
    timingOf(schedule),
    dueText(schedule, now).replace(/^next /, ''),
    schedule.last?.run ?? '',
    schedule.problem === undefined ? '' : `${schedule.problem.code}: ${schedule.problem.message}`,
  ]);
  return table(['SCHEDULE', 'WORKFLOW', 'WHEN', 'NEXT', 'LAST RUN', 'PROBLEM'], rows, width);
}

function describeOne(schedule: ScheduleInfo, next: readonly number[], now: number): string[] {
  const { name, input, overlap, catchUp, last, problem } = schedule;
  const lines = [
    `${name}  ${kindOf(schedule)}  ${timingOf(schedule)}`,
    `overlap ${overlap}, catch up ${catchUp}, ${dueText(schedule, now)}`,
  ];
  if (input !== undefined) lines.push(`input   ${JSON.stringify(input)}`);
  if (last !== undefined) lines.push(`last    ${last.run}`);
  if (problem !== undefined) lines.push(clip(`problem ${problem.code}: ${problem.message}`, Infinity));
  return [...lines, ...next.map((at) => `next    ${formatTime(at, now)}`)];
}

function kindOf({ workflow, version }: ScheduleInfo): string {
  return version === undefined ? workflow : `${workflow}@${version}`;
}

function timingOf({ timing }: ScheduleInfo): string {
  return 'cron' in timing ? `${timing.cron} ${timing.timeZone}` : `every ${durationText(timing.every)}`;
}

function dueText({ paused, nextAt }: ScheduleInfo, now: number): string {
  if (paused !== undefined) return paused.reason === undefined ? 'paused' : `paused: ${paused.reason}`;
  return nextAt === null ? 'no more' : `next ${formatTime(nextAt, now)}`;
}
