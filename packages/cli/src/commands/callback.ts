import type { Command } from 'commander';
import { contextOf } from './context.ts';
import { parseJsonArgument } from './json-argument.ts';

export function addCallbackCommand(parent: Command): void {
  const callback = parent.command('callback').summary('complete a callback: succeed, fail, heartbeat');
  addSucceed(callback);
  addFail(callback);
  addHeartbeat(callback);
}

function addSucceed(callback: Command): void {
  callback
    .command('succeed')
    .summary('complete a callback with a value')
    .argument('<id>', 'id of the callback')
    .argument('[value]', 'the value as JSON; - reads it from stdin')
    .action(async (id: string, text: string | undefined, _options: object, command: Command) => {
      const value = parseJsonArgument(text, 'value');
      await complete(command, id, 'succeed', value === undefined ? {} : { value });
    });
}

function addFail(callback: Command): void {
  callback
    .command('fail')
    .summary('complete a callback with an error')
    .argument('<id>', 'id of the callback')
    .argument('[error]', 'as JSON: a message, or {"message", "name", "data"}; - reads it from stdin')
    .action(async (id: string, text: string | undefined, _options: object, command: Command) => {
      const error = parseJsonArgument(text, 'error') ?? 'It was failed with "stepwell callback fail".';
      await complete(command, id, 'fail', typeof error === 'object' ? error : { message: error });
    });
}

function addHeartbeat(callback: Command): void {
  callback
    .command('heartbeat')
    .summary('tell that somebody still works on a callback')
    .argument('<id>', 'id of the callback')
    .action((id: string, _options: object, command: Command) => complete(command, id, 'heartbeat', {}));
}

async function complete(command: Command, id: string, action: string, body: object): Promise<void> {
  const { api, output } = contextOf(command);
  await api.post(`/v1/callbacks/${encodeURIComponent(id)}/${action}`, body);
  output.result({ callback: id, action }, () => [`${action} is on record for callback ${id}`]);
}
