// The client runs in browsers: nothing that it loads may need Node, or what a browser does not have.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const SOURCES = resolve(import.meta.dirname, '../../src');
const ENTRY = join(SOURCES, 'http-client/index.ts');

/** All files that are loaded with the entry, and what else they import; what is imported as a type only is not loaded. */
function loaded(entry: string): { files: string[]; others: string[] } {
  const files = new Set<string>();
  const others = new Set<string>();
  const queue = [entry];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    const imports = readFileSync(file, 'utf8').matchAll(
      /^(?:import|export)\s(?!type\b)[^;]*?from '([^']+)'/gm,
    );
    for (const [, from] of imports) {
      if (from!.startsWith('.')) queue.push(resolve(dirname(file), from!));
      else others.add(from!);
    }
  }
  return { files: [...files].map((file) => relative(SOURCES, file)).toSorted(), others: [...others] };
}

test('nothing is loaded but the client itself and what is pure', () => {
  const { files, others } = loaded(ENTRY);
  expect(others).toEqual([]);
  expect(files).toContain('http-client/client.ts');
  expect(files.filter((file) => !/^(http-client|model)\//.test(file))).toEqual([]);
  const needNode = (file: string) =>
    /\b(Buffer|process)\.\w|\brequire\(/.test(readFileSync(join(SOURCES, file), 'utf8'));
  expect(files.filter(needNode)).toEqual([]);
});

test('a page without the types of Node can be compiled with it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stepwell-browser-'));
  try {
    writeFileSync(
      join(folder, 'page.ts'),
      `import { connect } from ${JSON.stringify(ENTRY)};
       const client = connect(location.origin, { headers: { 'x-page': document.title } });
       for await (const { event } of client.events('r', { signal: AbortSignal.timeout(5) })) console.log(event.type);
       export const title: Promise<string> = client.result<string>('r');`,
    );
    const tsc = resolve(SOURCES, '../../../node_modules/.bin/tsc');
    const options =
      '--noEmit --strict --target es2024 --module esnext --moduleResolution bundler --types'.split(' ');
    const lib = [
      '--lib',
      'es2024,dom,dom.iterable,esnext.disposable,esnext.iterator,esnext.error,esnext.promise',
    ];
    const flags = ['--allowImportingTsExtensions', '--exactOptionalPropertyTypes', '--ignoreConfig'];
    const { stdout } = spawnSync(tsc, [...options, '', ...lib, ...flags, 'page.ts'], {
      cwd: folder,
      encoding: 'utf8',
    });
    // The code of other files is compiled here, but not loaded there.
    expect(stdout.split('\n').filter((line) => /^(page|.*http-client\/\w+)\.ts/.test(line))).toEqual([]);
    expect(stdout, 'tsc has run').not.toMatch(/^error/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
