import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Stepwell } from '../../src/index.ts';
import { sha256 } from '../../../../test/conformance/artifacts/contents.ts';
import { temporaryDirectory } from '../store/sqlite-file.ts';
import { filesIn } from './files.ts';

const PROGRAM = new URL('./killed-process.ts', import.meta.url).pathname;
const TEXT = 'first half, second half';

test.each([
  ['streaming', 1, 0],
  ['renaming', 1, 0],
  ['recording', 0, 1],
])(
  'kill -9 while %s: nothing is on record; the run goes on and writes it once',
  async (point, unfinished, left) => {
    const folder = temporaryDirectory();
    const [path, root] = [join(folder, 'stepwell.db'), join(folder, 'artifacts')];
    const live = (how: string) =>
      spawnSync(process.execPath, [PROGRAM, path, root, how], { encoding: 'utf8' });

    expect(live(point)).toMatchObject({ signal: 'SIGKILL', stdout: '' });
    const after = filesIn(root);
    expect(after.filter((file) => file.startsWith('.unfinished/'))).toHaveLength(unfinished);
    expect(after.filter((file) => file.startsWith('default/'))).toHaveLength(left);
    const reader = await Stepwell.open({ store: `sqlite:${path}`, artifacts: `file:${root}`, worker: false });
    expect(await reader.artifacts.list('r')).toEqual([]);
    await reader.close();

    expect(live('to the end')).toMatchObject({ status: 0, stdout: `${TEXT}\n` });
    await using well = await Stepwell.open({
      store: `sqlite:${path}`,
      artifacts: `file:${root}`,
      worker: false,
    });
    expect(await well.artifacts.list('r', { versions: 'all' })).toMatchObject([
      { name: 'f', number: 1, hash: sha256(TEXT) },
    ]);
  },
);
