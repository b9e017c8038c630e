import { randomUUID } from 'node:crypto';
import type { Command } from 'commander';
import { Stepwell, StepwellError } from 'stepwell';
import { importRuns } from '../export/import-runs.ts';
import { type FoundExport, readExports } from '../export/read-exports.ts';
import { Output } from '../terminal/output.ts';
import { storeOption } from './store-option.ts';

interface GivenOptions {
  store: string;
  as?: string;
  namespace?: string;
  resume?: true;
}

export function addImportCommand(parent: Command): void {
  parent
    .command('import')
    .summary('put exported runs into a store')
    .description(
      'Puts exported runs into a store, to look at them there or to let them go on. Runs that have not ended come in paused: if the run that they are copies of still lives, both would execute what comes next. Their timeouts go on as they were. A run whose id exists is refused, and nothing is imported then.',
    )
    .argument('<file...>', 'files of stepwell export --store, or folders of them')
    .addOption(storeOption())
    .option('--as <id>', 'another id for the run; only for one run')
    .option('--namespace <name>', 'another namespace for the runs')
    .option('--resume', 'they go on at once: only where the original is gone')
    .action(async (files: string[], options: GivenOptions, command: Command) => {
      const output = new Output(command.optsWithGlobals<{ json?: true }>().json === true);
      const found: FoundExport[] = [];
      for await (const one of readExports(files)) found.push(one);
      const { as, namespace, resume = false, store } = options;
      if (as !== undefined && found.length !== 1)
        throw new StepwellError('COMMAND_INVALID', `--as gives one run its id; these are ${found.length}.`);
      await using well = await Stepwell.open({
        store,
        worker: false,
        ...(namespace !== undefined && { namespace }),
      });
      // Looks whether it can be an id.
      if (as !== undefined) well.run(as);
      const given = {
        ...(as !== undefined && { as }),
        ...(namespace !== undefined && { namespace }),
        ...{ resume, now: Date.now(), uuid: randomUUID },
      };
      await importRuns(well.parts.store, found, given, (imported) =>
        output.result(imported, () => [`${imported.run}  ${imported.status}  from ${imported.from}`]),
      );
    });
}
