import type { Command } from 'commander';
import { runEvents } from '../api/run-events.ts';
import { eventLine } from '../timeline/event-line.ts';
import { wholeNumber } from './argument.ts';
import { contextOf } from './context.ts';

export function addEventsCommand(parent: Command): void {
  parent
    .command('events')
    .summary('follow the events of a run to its end')
    .description(
      'Follows the events of a run to its end, over restarts of the server too. With --json: one event a line.',
    )
    .argument('<run>', 'id of the run')
    .option('--from <position>', 'the first position wanted', '0')
    .action(async (run: string, options: { from: string }, command: Command) => {
      const { api, output } = contextOf(command);
      const onLost = () => output.note('connection lost, resuming …');
      for await (const event of runEvents(
        api,
        run,
        wholeNumber(options.from, 'position', 0, Number.MAX_SAFE_INTEGER),
        onLost,
      )) {
        output.result(event, () => [eventLine(event, Date.now(), output.width)]);
      }
    });
}
