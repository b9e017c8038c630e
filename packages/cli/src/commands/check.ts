import type { Command } from 'commander';
import { ACTIVE_STATUSES } from 'stepwell';
import { loadWorkflows } from '../dev/load-workflows.ts';
import { placeOf, readStoreOption } from '../export/place.ts';
import { openSource } from '../export/run-source.ts';
import { FoundSomething } from '../found-something.ts';
import { type CheckedPath, checkRuns } from '../replay/check.ts';
import { paintFits, sidesOf } from '../replay/sides.ts';
import { passOverStrayRejections } from '../replay/stray-rejections.ts';
import { counted } from '../terminal/counted.ts';
import { Output } from '../terminal/output.ts';
import { existingFile } from './argument.ts';
import { namespaceOption } from './export.ts';
import { statusesOf } from './statuses.ts';
import { artifactsOf } from './store-option.ts';

interface GivenOptions {
  workflows: string[];
  asVersion?: string;
  workflow?: string;
  status?: string;
  tag?: string;
  namespace: string;
}

/** Runs after which a word is given that it goes on. */
const WORD_AFTER = 10_000;

export function addCheckCommand(parent: Command): void {
  parent
    .command('check')
    .summary('before a deploy: say whether code fits all runs in flight')
    .description(
      'Replays the journals of the runs in flight against workflow files, one of each distinct path, and says which would be stuck: the exit code is 1 then, and both sides are shown. No step is executed, and nothing is written; the engine may go on working meanwhile. Of runs that have gone the same way only one is replayed, the newest: where the code decides by a value, others may differ.',
    )
    .requiredOption('--workflows <file...>', 'files that export the workflows')
    .option('--as-version <version>', 'try the workflows in this version, not in that of each run')
    .option('--workflow <name>', 'only runs of this workflow')
    .option('--status <status>', 'with this status, several with commas; default: all that have not ended')
    .option('--tag <tag>', 'only runs with this tag')
    .addOption(readStoreOption())
    .addOption(namespaceOption())
    .action(async (_options: object, command: Command) => {
      const options = command.opts<GivenOptions>();
      const output = new Output(command.optsWithGlobals<{ json?: true }>().json === true);
      passOverStrayRejections(output);
      const workflows = await loadWorkflows(options.workflows.map(existingFile));
      const source = await openSource(placeOf(command), options.namespace, artifactsOf(command));
      try {
        const { asVersion, workflow, status, tag } = options;
        const filter = {
          statuses: status === undefined ? ACTIVE_STATUSES : statusesOf(status),
          ...(workflow !== undefined && { workflow }),
          ...(tag !== undefined && { tag }),
        };
        const given = { ...(asVersion !== undefined && { asVersion }) };
        const paths = await checkRuns(source, filter, workflows, given, (runs) => {
          if (runs % WORD_AFTER === 0) output.note(`${runs} runs …`);
        });
        show(paths, output);
      } finally {
        await source.close();
      }
    });
}

/** @throws FoundSomething if a run would be stuck */
function show(paths: readonly CheckedPath[], output: Output): void {
  const misfits = paths.filter(({ replayed }) => !replayed.fits);
  const runs = sum(paths);
  for (const { replayed, ...path } of output.json ? paths : misfits) {
    const { workflow, version, example } = path;
    output.result({ ...path, ...replayed }, () => [
      `${paintFits(replayed.fits)}  ${workflow}@${version}  ${counted(path.runs, 'run')}, such as ${example}`,
      ...(replayed.fits ? [] : sidesOf(replayed)),
    ]);
  }
  const stuck = sum(misfits);
  output.result({ runs, paths: paths.length, misfits: misfits.length, wouldBeStuck: stuck }, () => [
    `${counted(runs, 'run')} on ${counted(paths.length, 'path')}: ${stuck === 0 ? 'all fit' : `${stuck} would be stuck`}`,
  ]);
  if (stuck > 0) throw new FoundSomething();
}

function sum(paths: readonly CheckedPath[]): number {
  return paths.reduce((total, { runs }) => total + runs, 0);
}
