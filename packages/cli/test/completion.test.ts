// Completion as bash does it: the script that is printed is loaded into a real bash, and its function is called as bash
// calls it when somebody presses Tab.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { candidatesFor } from '../src/completion/candidates.ts';
import { SCRIPTS } from '../src/completion/scripts.ts';
import { wordsOf } from '../src/completion/words.ts';
import { program } from '../src/program.ts';
import { serveNames } from './completable.ts';
import { stepwell } from './stepwell.ts';

const MAIN = join(import.meta.dirname, '..', 'src', 'main.ts');
/** What makes bash split a line into words, besides spaces: its default. */
const BREAKS = `"'@><=;|&(:`;

let server: Awaited<ReturnType<typeof serveNames>>;

beforeAll(async () => {
  server = await serveNames();
});

afterAll(async () => {
  await server.close();
});

/** What bash would put into the line, for each of the lines. */
async function inBash(lines: readonly string[], url = server.url): Promise<string[][]> {
  const child = spawn('bash', ['--norc', '--noprofile', '-s'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, STEPWELL_SERVER: url, NODE: process.execPath, MAIN },
  });
  const presses = lines.map(
    (line) =>
      `COMP_WORDS=(stepwell ${quoted(wordOf(line))}); COMP_CWORD=1; COMP_LINE=${quoted(line)}; COMP_POINT=\${#COMP_LINE}; _stepwell; printf '%s\\n' "\${COMPREPLY[@]}" --`,
  );
  child.stdin.end(
    [
      'set -u',
      'stepwell() { "$NODE" "$MAIN" "$@"; }',
      `COMP_WORDBREAKS=${quoted(BREAKS)}`,
      'eval "$(stepwell completion bash)"',
      'complete -p stepwell >/dev/null || exit 1',
      ...presses,
    ].join('\n'),
  );
  const printed = await text(child.stdout);
  return printed
    .split('--\n')
    .slice(0, -1)
    .map((one) => one.split('\n').filter((candidate) => candidate !== ''));
}

/** What bash takes for the word that is being written: with an open quote, all from there. */
const wordOf = (line: string) => /["'].*$/.exec(line)?.[0] ?? line.split(' ').at(-1)!;
const quoted = (line: string) => `'${line.replaceAll("'", `'\\''`)}'`;

test('in bash: commands, options, values, ids and names', { timeout: 60_000 }, async () => {
  const lines = {
    'stepwell re': ['retry', 'resume', 'replay'],
    'stepwell queue p': ['pause'],
    'stepwell --json show al': ['alpha', 'alps'],
    'stepwell cancel alpha alp': ['alpha', 'alps'],
    'stepwell run g': ['greet'],
    'stepwell list --status sta': [],
    'stepwell list --status su': ['succeeded'],
    'stepwell list --wor': ['--workflow', '--workflow-version'],
    'stepwell list --queue sl': ['slow\\ lane'],
    'stepwell list --queue slow\\ l': ['slow\\ lane'],
    'stepwell list --queue "slow l': ['slow lane'],
    'stepwell completion ': ['bash', 'zsh', 'fish'],
    // Bash has kept "daily@2026-01-01T00:" by itself.
    'stepwell show daily@2026-01-01T00:0': ['00:00.000Z'],
    'stepwell dev wor': [],
  };
  const completed = await inBash(Object.keys(lines));
  const asExpected = Object.entries(lines).map(([line, words], index) => {
    return { line, words: new Set(words), completed: new Set(completed[index]) };
  });
  for (const { line, words, completed } of asExpected)
    expect({ line, completed }).toEqual({ line, completed: words });
});

test('in bash: a server that is not there delays nothing and says nothing', async () => {
  const [runs, commands] = await inBash(['stepwell show al', 'stepwell sched'], 'http://127.0.0.1:9');
  expect([runs, commands]).toEqual([[], ['schedule']]);
});

describe('the commands', () => {
  const complete = (line: string) => candidatesFor(program(), wordsOf(line).slice(1));

  test('every command and option is offered', () => {
    const offers: [line: string, offered: unknown, words: string[]][] = [];
    const walk = (command: Command, line: string): void => {
      const offered = complete(`${line} --`) as { words: string[] };
      expect(offered.words).toEqual(expect.arrayContaining(command.options.map(({ long }) => long)));
      expect(offered.words).toContain('--json');
      const names = command.commands.map((one) => one.name()).filter((name) => name !== 'complete');
      if (names.length > 0) offers.push([line, complete(`${line} `), [...names, 'help']]);
      for (const one of command.commands) if (one.name() !== 'complete') walk(one, `${line} ${one.name()}`);
    };
    walk(program(), 'stepwell');
    expect(offers.length).toBeGreaterThan(3);
    for (const [line, offered, words] of offers)
      expect({ line, offered }).toEqual({ line, offered: { words } });
  });

  test.each([
    ['stepwell show ', { kind: 'run' }],
    ['stepwell show a ', { words: [] }],
    ['stepwell cancel a b ', { kind: 'run' }],
    ['stepwell fork a --from ', null],
    ['stepwell list --parent ', { kind: 'run' }],
    ['stepwell run --id x ', { kind: 'workflow' }],
    ['stepwell run order ', null],
    ['stepwell cancel --force ', { kind: 'run' }],
    ['stepwell --server http://x queue pause ', { kind: 'queue' }],
    ['stepwell schedule set daily ', { kind: 'workflow' }],
    ['stepwell schedule set x y --overlap ', { words: ['skip', 'queue', 'cancel', 'allow'] }],
    ['stepwell worker ', null],
  ])('after %j comes %j', (line, candidates) => {
    expect(complete(line)).toEqual(candidates);
  });
});

test.each([
  ['stepwell show a', ['stepwell', 'show', 'a']],
  ['stepwell show ', ['stepwell', 'show', '']],
  ['stepwell  show "a b', ['stepwell', 'show', 'a b']],
  [`stepwell show 'a\\b' c\\ d`, ['stepwell', 'show', 'a\\b', 'c d']],
  ['stepwell show "" x', ['stepwell', 'show', '', 'x']],
  ['', ['']],
])('the words of %j', (line, words) => {
  expect(wordsOf(line)).toEqual(words);
});

test.each(Object.keys(SCRIPTS))('completion %s prints a script that asks the command', async (shell) => {
  const { code, stdout, stderr } = await stepwell(['completion', shell]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('stepwell complete --line');
});

test('an unknown shell is a usage error', async () => {
  expect(await stepwell(['completion', 'cmd'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^COMMAND_INVALID: .*bash, zsh, fish/) as string,
  });
});
