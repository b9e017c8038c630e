// Every command line of the documentation is one that exists; those of `stepwell` and `curl` are run against a server
// that `stepwell dev` serves, and must print what the page says.

import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { DevServer } from './dev-server.ts';
import { guidePages, ROOT, type Block, type Page } from './markdown.ts';
import { printedAs, samplesOf, Workbench } from './samples.ts';

const workbench = new Workbench();
afterAll(() => workbench.remove());

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

const packages = new Set(
  globSync('packages/*/package.json', { cwd: ROOT }).map(
    (file) => (JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as { name: string }).name,
  ),
);

const pages = guidePages().map((page) => {
  // Those of postgres.test.ts are others.
  const blocks = page.blocks.filter(({ language, comment }) => language === 'sh' && comment !== 'postgres');
  return { path: page.path, page, blocks, session: blocks.filter((block) => commandsOf(block).some(isRun)) };
});

function commandsOf({ text }: Block): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/\s+# .*$/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function isRun(command: string): boolean {
  return /^(npx stepwell|curl) /.test(command);
}

/** Why a command that is only looked at cannot be a right one; null if it can. */
function fault(command: string, page: Page): string | null {
  const [program, ...words] = command.split(/\s+/);
  if (program === 'npm' && words[0] === 'install') {
    const [name] = words.slice(1).filter((word) => !word.startsWith('-'));
    return name !== undefined && packages.has(name) ? null : 'this repository has no such package';
  }
  if (program === 'npm') {
    const script = words[0] === 'run' ? words[1] : words[0];
    return script !== undefined && script in scripts ? null : 'package.json has no such script';
  }
  if (program === 'node') {
    const file = words.find((word) => /\.(ts|mjs)$/.test(word) && word !== 'scripts/run.mjs');
    const isSample = samplesOf(page).some((sample) => sample.file === file);
    return isSample || (file !== undefined && existsSync(join(ROOT, file))) ? null : 'there is no such file';
  }
  return program === 'git' ? null : 'this test does not know the command';
}

test.for(pages.filter(({ blocks }) => blocks.length > 0))(
  'the commands of $path exist',
  ({ page, blocks }) => {
    const commands = blocks.flatMap(commandsOf).filter((command) => !isRun(command));
    const faults = commands.map((command) => ({ command, fault: fault(command, page) }));
    expect(faults.filter((one) => one.fault !== null)).toEqual([]);
  },
);

// A page may have dozens of commands, each a process of its own.
test.for(pages.filter(({ session }) => session.length > 0))(
  'the commands of $path print what it says',
  { timeout: 120_000 },
  async ({ page, session }) => {
    const [dev, ...others] = session;
    const file = /^npx stepwell dev (\S+)$/.exec(commandsOf(dev!)[0]!)?.[1];
    expect(file, 'the first command is the server').toBeDefined();
    const folder = workbench.write(page);
    await using server = await DevServer.start(folder, file!);
    for (const block of others) {
      const printed = commandsOf(block).map((command) => run(command, server.url, folder));
      const { text } = page.blocks[page.blocks.indexOf(block) + 1]!;
      expect(printedAs(printed.join(''), text)).toBe(text);
    }
  },
);

function run(command: string, url: string, folder: string): string {
  const stepwell = `"${process.execPath}" "${join(ROOT, 'packages/cli/src/main.ts')}"`;
  const line = command.replaceAll('npx stepwell', stepwell).replaceAll('http://127.0.0.1:8787', url);
  const env = { ...process.env, STEPWELL_SERVER: url };
  const printed = execFileSync('sh', ['-c', line], { cwd: folder, env, encoding: 'utf8', timeout: 15_000 });
  return printed === '' || printed.endsWith('\n') ? printed : `${printed}\n`;
}
