import { styleText } from 'node:util';
import type { Command } from 'commander';
import { loadWorkflows } from '../dev/load-workflows.ts';
import { examine } from '../doctor/doctor.ts';
import type { Finding, Level } from '../doctor/finding.ts';
import { placeOf, readStoreOption } from '../export/place.ts';
import { FoundSomething } from '../found-something.ts';
import { counted } from '../terminal/counted.ts';
import { Output } from '../terminal/output.ts';
import { existingFile } from './argument.ts';
import { namespaceOption } from './export.ts';

interface GivenOptions {
  workflows?: string[];
  namespace: string;
}

export function addDoctorCommand(parent: Command): void {
  parent
    .command('doctor')
    .summary('say what is wrong with a set-up, and how to mend it')
    .description(
      'Looks at Node, at a store (its file or database) or a server, at the workers, the queues and the runs that do not move, and says of each what is wrong and how to mend it. It changes nothing. The exit code is 1 if something is an error.',
    )
    .option('--workflows <file...>', 'files that export the workflows: do they have all versions in flight?')
    .addOption(readStoreOption())
    .addOption(namespaceOption())
    .action(async (options: GivenOptions, command: Command) => {
      const output = new Output(command.optsWithGlobals<{ json?: true }>().json === true);
      const { workflows: files, namespace } = options;
      const workflows = files === undefined ? null : await loadWorkflows(files.map(existingFile));
      const given = { namespace, workflows, now: () => Date.now() };
      const counts: Record<Level, number> = { ok: 0, warning: 0, error: 0 };
      for await (const finding of examine(placeOf(command), given)) {
        counts[finding.level]++;
        output.result(finding, () => describe(finding));
      }
      output.note(`${counted(counts.error, 'error')}, ${counted(counts.warning, 'warning')}`);
      if (counts.error > 0) throw new FoundSomething();
    });
}

const COLOURS = { ok: 'green', warning: 'yellow', error: 'red' } as const;

function describe({ level, code, what, mend }: Finding): string[] {
  const head = `${styleText(COLOURS[level], level.padEnd(7))}  ${code}  ${what}`;
  return mend === undefined ? [head] : [head, `         ${mend}`];
}
