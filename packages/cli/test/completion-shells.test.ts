// Completion as zsh and fish do it: the script that is printed is loaded into the real shell, and the shell is asked what
// it would offer, and write into the line, when somebody presses Tab.

import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serveNames } from './completable.ts';
import { findShell } from './shell.ts';
import { MAIN } from './stepwell.ts';

/** An installation of the shell, and a busy machine. */
const PATIENT = { timeout: 300_000 };

let server: Awaited<ReturnType<typeof serveNames>>;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stepwell-shells-'));
  mkdirSync(join(folder, 'bin'));
  mkdirSync(join(folder, 'here'));
  writeFileSync(join(folder, 'here', 'orders.ts'), '');
  writeFileSync(join(folder, 'here', 'retry.ts'), '');
  const command = join(folder, 'bin', 'stepwell');
  writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
  chmodSync(command, 0o755);
  server = await serveNames();
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** What is offered for a line. */
const OFFERED: Readonly<Record<string, readonly string[]>> = {
  'stepwell re': ['retry', 'resume', 'replay'],
  'stepwell queue p': ['pause'],
  'stepwell --json show al': ['alpha', 'alps'],
  'stepwell cancel alpha alp': ['alpha', 'alps'],
  'stepwell run g': ['greet'],
  'stepwell list --status su': ['succeeded'],
  'stepwell list --wor': ['--workflow', '--workflow-version'],
  'stepwell list --queue sl': ['slow lane'],
  'stepwell list --queue slow\\ l': ['slow lane'],
  'stepwell list --queue "slow l': ['slow lane'],
  'stepwell completion ': ['bash', 'zsh', 'fish'],
  'stepwell show daily@2026-01-01T00:0': ['daily@2026-01-01T00:00:00.000Z'],
  'stepwell show nobody': [],
  // Where nobody can know what comes, files are offered, as everywhere in a shell.
  'stepwell dev ord': ['orders.ts'],
};

async function inShell(
  shell: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  url = server.url,
): Promise<string> {
  const child = spawn(shell, args, {
    cwd: join(folder, 'here'),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      ...env,
      HOME: folder,
      XDG_CONFIG_HOME: join(folder, 'config'),
      XDG_DATA_HOME: join(folder, 'data'),
      PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH']}`,
      STEPWELL_SERVER: url,
    },
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect(stderr).toBe('');
  return stdout;
}

test('in fish: commands, options, values, ids and names', PATIENT, async () => {
  const presses = Object.keys(OFFERED).map((line) => `complete -C ${quoted(line)}; echo ==`);
  const script = ['stepwell completion fish | source', ...presses].join('\n');
  const printed = await inShell(await findShell('fish'), ['--no-config', '-c', script], {});
  // What follows a tab tells about the candidate.
  const offered = printed
    .split('==\n')
    .map((one) => new Set(one.split('\n').flatMap((word) => word.split('\t')[0] || [])));
  for (const [index, [line, words]] of Object.entries(OFFERED).entries())
    expect({ line, offered: offered[index] }).toEqual({ line, offered: new Set(words) });
});

/** Runs in a terminal, since only there zsh completes: its functions are asked as Tab asks them. */
const IN_ZSH = `
PS1= PS2=
autoload -Uz compinit && compinit -u -D
eval "$(stepwell completion zsh)"
typeset -a hits
compadd() {
  local -a matching
  # With these it only answers the functions of completion themselves.
  if [[ "\${@[1,(i)(-|--)]}" == *-[a-zA-Z]#[OAD]* ]]; then builtin compadd "$@"; return; fi
  builtin compadd -A matching "$@"
  hits+=("\${matching[@]}")
  builtin compadd "$@"
}
press() {
  local line
  while IFS= read -r line; do
    hits=() BUFFER="$line" CURSOR=$#line
    zle complete-word
    print -rl -- "$BUFFER" "\${(Q)hits[@]}" -- >> "$OUT"
  done < "$LINES_FILE"
  BUFFER=
}
zle -N press
bindkey '^T' press
`;
const ZSH_WITH_TERMINAL = `
zmodload zsh/zpty
zpty inner "$ZSH_PROGRAM" -f -i
zpty -w inner "source '$SETUP'"
zpty -w -n inner $'\\C-t'
zpty -w inner exit
while zpty -r inner; do :; done > /dev/null
`;

/** For each line: what it becomes, and what was offered. */
async function inZsh(
  lines: readonly string[],
  url?: string,
): Promise<{ line: string; offered: Set<string> }[]> {
  const zsh = await findShell('zsh');
  const files = {
    SETUP: join(folder, 'setup.zsh'),
    LINES_FILE: join(folder, 'lines'),
    OUT: join(folder, 'out'),
  };
  writeFileSync(files.SETUP, IN_ZSH);
  writeFileSync(files.LINES_FILE, lines.map((line) => `${line}\n`).join(''));
  writeFileSync(files.OUT, '');
  await inShell(zsh, ['-f', '-c', ZSH_WITH_TERMINAL], { ...files, ZSH_PROGRAM: zsh, TERM: 'xterm' }, url);
  return readFileSync(files.OUT, 'utf8')
    .split('--\n')
    .slice(0, -1)
    .map((one) => {
      const [line, ...offered] = one.split('\n').filter((word) => word !== '');
      return { line: line!, offered: new Set(offered) };
    });
}

test('in zsh: commands, options, values, ids and names', PATIENT, async () => {
  const completed = await inZsh(Object.keys(OFFERED));
  for (const [index, [line, words]] of Object.entries(OFFERED).entries())
    expect({ line, offered: completed[index]?.offered }).toEqual({ line, offered: new Set(words) });
});

test('in zsh: what is unique is written into the line, as a shell has to read it', PATIENT, async () => {
  const lines = [
    'stepwell queue p',
    'stepwell list --queue sl',
    'stepwell list --queue "slow l',
    'stepwell dev ord',
  ];
  expect((await inZsh(lines)).map(({ line }) => line)).toEqual([
    'stepwell queue pause ',
    'stepwell list --queue slow\\ lane ',
    'stepwell list --queue "slow lane" ',
    'stepwell dev orders.ts ',
  ]);
});

test('in zsh and fish: a server that is not there delays nothing and says nothing', PATIENT, async () => {
  const gone = 'http://127.0.0.1:9';
  expect(await inZsh(['stepwell show alp', 'stepwell sched'], gone)).toEqual([
    { line: 'stepwell show alp', offered: new Set() },
    { line: 'stepwell schedule ', offered: new Set(['schedule']) },
  ]);
  const script =
    "stepwell completion fish | source; complete -C 'stepwell show alp'; complete -C 'stepwell sched'";
  const fish = await inShell(await findShell('fish'), ['--no-config', '-c', script], {}, gone);
  expect(fish).toBe('schedule\n');
});

/** For fish. */
function quoted(line: string): string {
  return `'${line.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
