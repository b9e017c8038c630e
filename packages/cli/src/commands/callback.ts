import type { Command } from 'commander';
import { openTarget, type Target, targetOption } from '../target/target.ts';
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
    .addOption(targetOption())
    .action(async (id: string, text: string | undefined, _options: object, command: Command) => {
      const value = await parseJsonArgument(text, 'value');
      await complete(command, id, 'succeed', ({ well }) => well.callbacks.succeed(id, value));
    });
}

function addFail(callback: Command): void {
  callback
    .command('fail')
    .summary('complete a callback with an error')
    .argument('<id>', 'id of the callback')
    .argument('[error]', 'as JSON: a message, or {"message", "name", "data"}; - reads it from stdin')
    .addOption(targetOption())
    .action(async (id: string, text: string | undefined, _options: object, command: Command) => {
      const given =
        (await parseJsonArgument(text, 'error')) ?? 'It was failed with "stepwell callback fail".';
      // What it must be is checked where it is used.
      const error = (typeof given === 'object' ? given : { message: given }) as { message: string };
      await complete(command, id, 'fail', ({ well }) => well.callbacks.fail(id, error));
    });
}

function addHeartbeat(callback: Command): void {
  callback
    .command('heartbeat')
    .summary('tell that somebody still works on a callback')
    .argument('<id>', 'id of the callback')
    .addOption(targetOption())
    .action(async (id: string, _options: object, command: Command) => {
      await complete(command, id, 'heartbeat', ({ well }) => well.callbacks.heartbeat(id));
    });
}

async function complete(
  command: Command,
  callback: string,
  action: string,
  tell: (target: Target) => Promise<void>,
): Promise<void> {
  await using target = await openTarget(command);
  await tell(target);
  target.output.result({ callback, action }, () => [`${action} is on record for callback ${callback}`]);
}
