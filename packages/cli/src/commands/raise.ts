import type { Command } from 'commander';
import { contextOf } from './context.ts';
import { parseJsonArgument } from './json-argument.ts';

export function addRaiseCommand(parent: Command): void {
  parent
    .command('raise')
    .summary('raise an event to a run')
    .argument('<run>', 'id of the run')
    .argument('<name>', 'name of the event')
    .argument('[value]', 'its value as JSON; - reads it from stdin')
    .action(
      async (run: string, name: string, text: string | undefined, _options: object, command: Command) => {
        const { api, output } = contextOf(command);
        const value = parseJsonArgument(text, 'value');
        const path = `/v1/runs/${encodeURIComponent(run)}/events/${encodeURIComponent(name)}`;
        await api.post(path, value === undefined ? {} : { value });
        output.result({ run, event: name }, () => [`raised ${name} to ${run}`]);
      },
    );
}
