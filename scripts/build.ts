// Builds each published package into its `dist`: a folder that is complete in itself and is what gets published
// (`npm publish packages/<name>/dist`). Inside the repository the packages run from `src`, without any build.

import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

type Manifest = { exports?: Record<string, string>; bin?: Record<string, string> };

const solution = 'tsconfig.build.json';
const packages = globSync(`packages/*/${solution}`).map((file) => join(file, '..'));

for (const folder of packages) rmSync(join(folder, 'dist'), { recursive: true, force: true });
execFileSync('tsc', ['-b', solution], { stdio: 'inherit' });

for (const folder of packages) {
  const dist = join(folder, 'dist');

  rmSync(join(dist, '.tsbuildinfo'));

  // What is not TypeScript but is read at run time (SQL migrations) lies beside the code that reads it.
  cpSync(join(folder, 'src'), dist, { recursive: true, filter: (path) => !path.endsWith('.ts') });
  cpSync('LICENSE', join(dist, 'LICENSE'));
  if (existsSync(join(folder, 'README.md'))) cpSync(join(folder, 'README.md'), join(dist, 'README.md'));

  const manifest = published(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
  writeFileSync(join(dist, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const file of Object.values(manifest.bin ?? {})) chmodSync(join(dist, file), 0o755);
  console.log(`built ${dist}`);
}

/** The same manifest, with each `./src/x.ts` replaced by the files that were built from it. */
function published({ exports, bin, ...rest }: Manifest) {
  const built = (file: string, extension: string) => file.replace('src/', '').replace(/\.ts$/, extension);
  return {
    ...rest,
    publishConfig: { access: 'public' },
    devDependencies: undefined,
    exports:
      exports && mapValues(exports, (file) => ({ types: built(file, '.d.ts'), default: built(file, '.js') })),
    bin: bin && mapValues(bin, (file) => built(file, '.js')),
  };
}

function mapValues<A, B>(record: Record<string, A>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
