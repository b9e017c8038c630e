import type { Argument, Command, Option } from 'commander';
import { ACTIVE_STATUSES, FINAL_STATUSES } from 'stepwell';

/** What a word can be: words that are known here, or names that a server knows. */
export type Candidates =
  | { readonly words: readonly string[] }
  /** Runs, workflows …: `names.ts` asks for them. */
  | { readonly kind: Kind }
  /** A file, or something that nobody can know. */
  | null;

export type Kind = 'run' | 'workflow' | 'queue' | 'schedule';

const KINDS: readonly string[] = ['run', 'workflow', 'queue', 'schedule'];
/** What the values of these options are. */
const NAMED: Readonly<Record<string, Kind>> = {
  '--workflow': 'workflow',
  '--queue': 'queue',
  '--parent': 'run',
};
const RULES: Readonly<Record<string, readonly string[]>> = {
  '--status': [...ACTIVE_STATUSES, ...FINAL_STATUSES],
};

/** Where in the program's commands a line stands. */
interface Place {
  readonly command: Command;
  /** Arguments of the command that are there already. */
  readonly given: number;
  /** The option whose value comes next. */
  readonly option: Option | undefined;
}

/** What the last word of a line can be. @param words all words after `stepwell`, up to the cursor */
export function candidatesFor(program: Command, words: readonly string[]): Candidates {
  const { command, given, option } = placeOf(program, words.slice(0, -1));
  if (option !== undefined) return valuesOf(option);
  if (words.at(-1)!.startsWith('-')) return { words: optionsOf(command) };
  if (command.commands.length > 0) {
    const visible = command.createHelp().visibleCommands(command);
    return { words: visible.map((one) => one.name()) };
  }
  const argument = command.registeredArguments[given] ?? command.registeredArguments.at(-1);
  return argument === undefined || (given >= command.registeredArguments.length && !argument.variadic)
    ? { words: [] }
    : argumentsOf(argument);
}

/** The command that a line is about. @param words all words after `stepwell` */
export function commandOf(program: Command, words: readonly string[]): Command {
  return placeOf(program, words).command;
}

function placeOf(program: Command, before: readonly string[]): Place {
  let command = program;
  let given = 0;
  let option: Option | undefined;
  for (const word of before) {
    if (option !== undefined) option = undefined;
    else if (word.startsWith('-')) {
      const found = allOptions(command).find(({ long, short }) => word === long || word === short);
      option = found?.required === true ? found : undefined;
    } else {
      const next = command.commands.find((one) => one.name() === word);
      if (next === undefined) given++;
      else command = next;
    }
  }
  return { command, given, option };
}

/** Its own, and those of the program. */
function allOptions(command: Command | null): Option[] {
  return command === null ? [] : [...command.options, ...allOptions(command.parent)];
}

function optionsOf(command: Command): string[] {
  return [...allOptions(command).flatMap(({ long, hidden }) => (hidden ? [] : [long ?? ''])), '--help'];
}

function valuesOf({ long, argChoices }: Option): Candidates {
  const words = argChoices ?? RULES[long ?? ''];
  if (words !== undefined) return { words };
  const kind = NAMED[long ?? ''];
  return kind === undefined ? null : { kind };
}

function argumentsOf(argument: Argument): Candidates {
  if (argument.argChoices !== undefined) return { words: argument.argChoices };
  const name = argument.name();
  return KINDS.includes(name) ? { kind: name as Kind } : null;
}
