import { type Command, Option } from 'commander';
import { StepwellError } from 'stepwell';
import type { ExportedRun } from 'stepwell/testing';
import { placeOf, readStoreOption } from '../export/place.ts';
import { openSource, type RunSource, type SourceFilter } from '../export/run-source.ts';
import { writeExports } from '../export/write-exports.ts';
import { Output } from '../terminal/output.ts';
import { statusesOf } from './statuses.ts';
import { artifactsOf } from './store-option.ts';

interface GivenOptions {
  out?: string;
  workflow?: string;
  status?: string;
  tag?: string;
  namespace: string;
}

export function addExportCommand(parent: Command): void {
  parent
    .command('export')
    .summary('write runs with their journals to files')
    .description(
      'Writes runs to a file, each with its journal exactly as it was recorded: for support, for stepwell replay, and as fixtures of your own tests (replayJournal of stepwell/testing). A run that is active is written as it is at this moment. From a store (--store) everything is written that is kept of a run, with --artifacts also large values that lie there; from a server, the run and its journal.',
    )
    .argument('[run...]', 'ids of the runs; none: those that the filters name')
    .option('--out <path>', 'a file, one run a line; or a folder, with a file for each run. Default: stdout')
    .option('--workflow <name>', 'only runs of this workflow')
    .option('--status <status>', 'only runs with this status; several with commas between them')
    .option('--tag <tag>', 'only runs with this tag')
    .addOption(readStoreOption())
    .addOption(namespaceOption())
    .action(async (ids: string[], options: GivenOptions, command: Command) => {
      const output = new Output(command.optsWithGlobals<{ json?: true }>().json === true);
      const filter = filterOf(options);
      if (ids.length > 0 === Object.keys(filter).length > 0)
        throw new StepwellError(
          'COMMAND_INVALID',
          'Name the runs to export, or say which with --workflow, --status or --tag: one of the two.',
        );
      const source = await openSource(placeOf(command), options.namespace, artifactsOf(command));
      try {
        await write(exportedRuns(source, ids, filter), options.out, output);
      } finally {
        await source.close();
      }
    });
}

/** Of a store: a server has one of its own. */
export function namespaceOption(): Option {
  return new Option('--namespace <name>', 'of the store').default('default');
}

function filterOf({ workflow, status, tag }: GivenOptions): SourceFilter {
  return {
    ...(workflow !== undefined && { workflow }),
    ...(status !== undefined && { statuses: statusesOf(status) }),
    ...(tag !== undefined && { tag }),
  };
}

async function* exportedRuns(
  source: RunSource,
  ids: readonly string[],
  filter: SourceFilter,
): AsyncGenerator<ExportedRun> {
  for (const id of ids) yield await source.exported(id);
  if (ids.length === 0) for await (const { id } of source.list(filter)) yield await source.exported(id);
}

async function write(
  runs: AsyncIterable<ExportedRun>,
  out: string | undefined,
  output: Output,
): Promise<void> {
  if (out === undefined) {
    for await (const run of runs) output.result(run, () => [JSON.stringify(run)]);
    return;
  }
  await writeExports(runs, out, ({ run, journal }, file) =>
    output.result({ run: run.id, file, commits: journal.length }, () => [`${run.id}  ${file}`]),
  );
}
