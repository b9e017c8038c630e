import type { Command } from 'commander';
import { ServerApi } from '../api/server-api.ts';
import { Output } from '../terminal/output.ts';

/** What the options that all commands share come to. */
export interface CommandContext {
  readonly api: ServerApi;
  readonly output: Output;
}

/** @throws StepwellError `COMMAND_INVALID` for a server that is no URL */
export function contextOf(command: Command): CommandContext {
  const { server, json } = command.optsWithGlobals<{ server: string; json?: true }>();
  return { api: new ServerApi(server), output: new Output(json === true) };
}
