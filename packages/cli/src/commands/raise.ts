import type { Command } from 'commander';
import { openTarget, targetOption } from '../target/target.ts';
import { parseJsonArgument } from './json-argument.ts';

export function addRaiseCommand(parent: Command): void {
  parent
    .command('raise')
    .summary('raise an event to a run')
    .argument('<run>', 'id of the run')
    .argument('<name>', 'name of the event')
    .argument('[value]', 'its value as JSON; - reads it from stdin')
    .option('--id <id>', 'id of the event: a second one of that id is dropped')
    .addOption(targetOption())
    .action(
      async (
        run: string,
        event: string,
        text: string | undefined,
        options: { id?: string },
        command: Command,
      ) => {
        const value = await parseJsonArgument(text, 'value');
        await using target = await openTarget(command);
        const named = options.id === undefined ? {} : { id: options.id };
        await target.well.raiseEvent(run, event, value, named);
        target.output.result({ run, event, ...named }, () => [`raised ${event} to ${run}`]);
      },
    );
}
