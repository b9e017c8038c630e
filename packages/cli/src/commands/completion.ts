import { Argument, type Command } from 'commander';
import { candidatesFor } from '../completion/candidates.ts';
import { namesOf } from '../completion/names.ts';
import { SCRIPTS, type Shell } from '../completion/scripts.ts';
import { wordsOf } from '../completion/words.ts';
import { writeOut } from '../terminal/standard-output.ts';

export function addCompletionCommand(parent: Command): void {
  parent
    .command('completion')
    .summary('print what makes a shell complete commands, options, runs and names')
    .description(
      'Prints a script for your shell. bash: eval "$(stepwell completion bash)" in ~/.bashrc; zsh: the same in ~/.zshrc after compinit; fish: stepwell completion fish > ~/.config/fish/completions/stepwell.fish. Ids of runs and names come from the server, if it answers at once.',
    )
    .addArgument(new Argument('<shell>', 'which one').choices(Object.keys(SCRIPTS)))
    .action((shell: Shell) => writeOut(SCRIPTS[shell]));
  addComplete(parent);
}

/** What the scripts call. It never says that something is wrong: that would be written into somebody's command line. */
function addComplete(parent: Command): void {
  parent
    .command('complete', { hidden: true })
    .requiredOption('--line <text>', 'the command line up to the cursor')
    .action(async ({ line }: { line: string }, command: Command) => {
      const words = wordsOf(line).slice(1);
      const word = words.at(-1) ?? '';
      const candidates = candidatesFor(command.parent!, words);
      if (candidates === null) return;
      const { server } = command.optsWithGlobals<{ server: string }>();
      const named = words.includes('--server') ? words[words.indexOf('--server') + 1] : undefined;
      const all =
        'words' in candidates ? candidates.words : await namesOf(candidates.kind, word, named ?? server);
      for (const one of all.filter((one) => one.startsWith(word))) process.stdout.write(`${one}\n`);
    });
}
