import type { Command } from 'commander';
import { type RunEvent, StepwellError } from 'stepwell';
import { LiveScreen } from '../terminal/live-screen.ts';
import { openTarget, type Target, targetOption } from '../target/target.ts';
import { eventLine } from '../timeline/event-line.ts';
import { operationsOf } from '../timeline/operations.ts';
import { describeRun } from './show.ts';

interface FeedFilter {
  workflow?: string;
  tag?: string;
}

export function addWatchCommand(parent: Command): void {
  parent
    .command('watch')
    .summary('watch a run until it has ended, or what happens in all of them')
    .description(
      'Shows a run and its operations as they are now, until it has ended; then the run that goes on for it, if there is one. Where stdout is no terminal, or with --json: its events, one a line. Without a run: the events of all runs, from now on.',
    )
    .argument('[run]', 'id of the run')
    .option('--workflow <name>', 'without a run: only runs of this workflow')
    .option('--tag <tag>', 'without a run: only runs with this tag')
    .addOption(targetOption())
    .action(async (run: string | undefined, options: FeedFilter, command: Command) => {
      if (run !== undefined && (options.workflow ?? options.tag) !== undefined)
        throw new StepwellError(
          'COMMAND_INVALID',
          'Name a run, or say which with --workflow or --tag: one of the two.',
        );
      await using target = await openTarget(command);
      if (run === undefined) return await printAll(target, options);
      const isLive = process.stdout.isTTY && !target.output.json;
      for (let id: string | undefined = run; id !== undefined; ) {
        await (isLive ? draw(target, id) : print(target, id));
        id = (await target.well.get(id)).continuedBy;
      }
    });
}

async function printAll({ well, output }: Target, { workflow, tag }: FeedFilter): Promise<void> {
  const filter = { ...(workflow !== undefined && { workflow }), ...(tag !== undefined && { tag }) };
  for await (const event of well.feed(filter)) {
    output.result(event, () => [
      `${event.run}  ${eventLine(event, Date.now(), output.width - event.run.length - 2)}`,
    ]);
  }
}

async function print({ well, output }: Target, id: string): Promise<void> {
  for await (const event of well.events(id)) {
    output.result(event, () => [eventLine(event, Date.now(), output.width)]);
  }
}

/** Drawn anew when something has happened, and every second, since what is under way takes longer. */
async function draw({ well, output }: Target, id: string): Promise<void> {
  const events: RunEvent[] = [];
  const screen = new LiveScreen(process.stdout, async () =>
    describeRun(await well.get(id), operationsOf(events), Date.now(), output.width),
  );
  if (process.stderr.isTTY) output.noteWriter = (line) => screen.writeAbove(line);
  try {
    for await (const event of well.events(id)) {
      events.push(event);
      screen.drawSoon();
    }
  } finally {
    output.noteWriter = undefined;
    await screen.close();
  }
}
