// Blocks under a comment `<!-- postgres -->` are done on a PostgreSQL, those of a page one after the other on the same
// database: SQL as its administrator, and commands, of which workers and servers run on beside those that follow. Of what
// SQL says, nothing stays under the comment `<!-- postgres: undone -->`.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { testDatabase } from '../postgres/shared.ts';
import { EXAMPLE_DATABASE } from './example-database.ts';
import { type Block, guidePages, ROOT } from './markdown.ts';
import { Workbench } from './samples.ts';
import { Service } from './service.ts';

const workbench = new Workbench();
afterAll(() => workbench.remove());

const pages = guidePages()
  .map((page) => ({ path: page.path, page, blocks: page.blocks.filter(isOnPostgres) }))
  .filter(({ blocks }) => blocks.length > 0);

function isOnPostgres({ comment }: Block): boolean {
  return /^postgres(: undone)?$/.test(comment ?? '');
}

test.for(pages)(
  'what $path does on PostgreSQL can be done',
  { timeout: 60_000 },
  async ({ page, blocks }) => {
    const database = await testDatabase();
    onTestFinished(() => database.drop());
    const shell = new Shell(workbench.write(page), database.url);
    onTestFinished(() => shell.close());
    for (const block of blocks) {
      const doing = block.language === 'sql' ? query(database.url, block) : shell.run(block.text);
      const fault = await doing.then(() => null, String);
      expect({ line: block.line, fault }).toEqual({ line: block.line, fault: null });
    }
  },
);

test('no page has SQL that is not tried', () => {
  const untried = guidePages().flatMap(({ path, blocks }) =>
    blocks
      .filter((block) => block.language === 'sql' && !isOnPostgres(block))
      .map(({ line }) => `${path}:${line}`),
  );
  expect(untried).toEqual([]);
});

async function query(url: string, { text, comment }: Block): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(comment === 'postgres' ? text : `begin; ${text}; rollback`);
  } finally {
    await client.end();
  }
}

/** Does what the reader of a page does with its commands. */
class Shell {
  readonly #folder: string;
  readonly #database: string;
  readonly #env: NodeJS.ProcessEnv = { ...process.env };
  readonly #services: Service[] = [];

  constructor(folder: string, database: string) {
    this.#folder = folder;
    this.#database = database;
  }

  async run(text: string): Promise<void> {
    const commands = text.replaceAll(EXAMPLE_DATABASE, this.#database).split('\n');
    for (const command of commands.map((line) => line.replace(/\s+# .*$/, ''))) {
      const [, name, value] = /^export (\w+)='([^']*)'$/.exec(command) ?? [];
      const [, ...args] = /^npx stepwell (worker|server) (.*)$/.exec(command) ?? [];
      if (name !== undefined) this.#env[name] = value;
      else if (args.length > 0) await this.#serve(args[0]!, args[1]!);
      else this.#execute(command);
    }
  }

  async #serve(which: string, rest: string): Promise<void> {
    const args = rest.replace('--port 8787', '--port 0').split(' ');
    const service = await Service.start([which, ...args], this.#folder, this.#env);
    this.#services.push(service);
    if (service.url !== undefined) this.#env['STEPWELL_SERVER'] = service.url;
  }

  #execute(command: string): void {
    const stepwell = `"${process.execPath}" "${join(ROOT, 'packages/cli/src/main.ts')}"`;
    const line = command.replace(/^npx stepwell/, stepwell);
    execFileSync('sh', ['-c', line], { cwd: this.#folder, env: this.#env, timeout: 15_000, stdio: 'pipe' });
  }

  async close(): Promise<void> {
    await Promise.all(this.#services.map((service) => service.stop()));
  }
}
