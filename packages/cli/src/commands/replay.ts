import type { Command } from 'commander';
import { replayJournal } from 'stepwell/testing';
import { loadWorkflows } from '../dev/load-workflows.ts';
import { readExports } from '../export/read-exports.ts';
import { FoundSomething } from '../found-something.ts';
import { paintFits, sidesOf } from '../replay/sides.ts';
import { passOverStrayRejections } from '../replay/stray-rejections.ts';
import { counted } from '../terminal/counted.ts';
import { Output } from '../terminal/output.ts';
import { existingFile } from './argument.ts';

interface GivenOptions {
  workflows: string[];
  asVersion?: string;
}

export function addReplayCommand(parent: Command): void {
  parent
    .command('replay')
    .summary('say whether code still fits exported runs')
    .description(
      'Replays the journals of exported runs against workflow files, and says whether they still fit: with the engine’s own replay, so that what does not fit here would be stuck there. No step is executed, and nothing is written. The exit code is 1 if one does not fit.',
    )
    .argument('<file...>', 'files of stepwell export, or folders of them')
    .requiredOption('--workflows <file...>', 'files that export the workflows')
    .option('--as-version <version>', 'try the workflows in this version, not in that of each run')
    .action(async (files: string[], options: GivenOptions, command: Command) => {
      const output = new Output(command.optsWithGlobals<{ json?: true }>().json === true);
      passOverStrayRejections(output);
      const workflows = await loadWorkflows(options.workflows.map(existingFile));
      const { asVersion } = options;
      let misfits = 0;
      let runs = 0;
      for await (const { where, exported } of readExports(files)) {
        const { id: run, workflow, version } = exported.run;
        const replayed = await replayJournal(workflows, exported, {
          ...(asVersion !== undefined && { asVersion }),
        });
        runs++;
        if (!replayed.fits) misfits++;
        output.result({ file: where, run, workflow, version, ...replayed }, () => [
          `${paintFits(replayed.fits)}  ${run}  ${workflow}@${asVersion ?? version}  ${where}`,
          ...(replayed.fits ? [] : sidesOf(replayed)),
        ]);
      }
      const bad = misfits === 0 ? 'all fit' : `${misfits} ${misfits === 1 ? 'does' : 'do'} not fit`;
      output.note(`${counted(runs, 'run')}: ${bad}`);
      if (misfits > 0) throw new FoundSomething();
    });
}
