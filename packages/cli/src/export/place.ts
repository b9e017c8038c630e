import { type Command, Option } from 'commander';
import { StepwellError } from 'stepwell';

/** Where runs are read: in their store, or through its server. */
export type Place = { readonly store: string } | { readonly server: string };

/** Without a default: a server is asked where no store is named. */
export function readStoreOption(): Option {
  return new Option(
    '--store <store>',
    'read this store, not a server: sqlite:path/to/file.db (also while an engine has it), postgres://…',
  ).env('STEPWELL_STORE');
}

/**
 * What was named: on the command line before the environment, and there the server before the store.
 * @throws StepwellError `COMMAND_INVALID`
 */
export function placeOf(command: Command): Place {
  const { store, server } = command.optsWithGlobals<{ store?: string; server: string }>();
  const isGiven = (name: string, how: string) => command.getOptionValueSourceWithGlobals(name) === how;
  if (isGiven('server', 'cli')) {
    if (isGiven('store', 'cli'))
      throw new StepwellError('COMMAND_INVALID', 'Give --store or --server, not both.');
    return { server };
  }
  if (store === undefined || (isGiven('server', 'env') && !isGiven('store', 'cli'))) return { server };
  if (store !== 'memory:') return { store };
  throw new StepwellError(
    'COMMAND_INVALID',
    'A store in memory ends with its process: nobody else can look into it. Ask the server of that process.',
  );
}
