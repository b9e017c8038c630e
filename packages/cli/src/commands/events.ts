import type { Command } from 'commander';
import { openTarget, targetOption } from '../target/target.ts';
import { eventLine } from '../timeline/event-line.ts';
import { wholeNumber } from './argument.ts';

export function addEventsCommand(parent: Command): void {
  parent
    .command('events')
    .summary('follow the events of a run to its end')
    .description(
      'Follows the events of a run to its end, over restarts of the server too. With --json: one event a line.',
    )
    .argument('<run>', 'id of the run')
    .option('--from <position>', 'the first position wanted', '0')
    .option('--no-follow', 'only the events that there are by now')
    .addOption(targetOption())
    .action(async (run: string, options: { from: string; follow: boolean }, command: Command) => {
      const from = wholeNumber(options.from, 'position', 0, Number.MAX_SAFE_INTEGER);
      await using target = await openTarget(command);
      const { output } = target;
      for await (const event of target.well.events(run, { from, follow: options.follow })) {
        output.result(event, () => [eventLine(event, Date.now(), output.width)]);
      }
    });
}
