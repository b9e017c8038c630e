// A process with a store of its own: opens the file that it is given and claims a run. Its task:
// `hold`: keep it until somebody kills the process.
// `write`: append commits for ever, a few at a time, and print the position of each one once it is stored.
// `hold as nobody`: the same as `hold`, but root lays its rights down first, since permissions mean nothing to it.
import { isStepwellError } from '../../src/model/errors.ts';
import type { Store } from '../../src/store/contract.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { claim, commit, register, start } from '../../../../test/conformance/fixtures.ts';

const [, , path = '', task = 'hold'] = process.argv;

if (task === 'hold as nobody' && process.getuid?.() === 0) process.setuid?.(65_534);

try {
  const store = openSqliteStore({
    path,
    owner: `child, process ${process.pid}`,
    now: () => Date.UTC(2026, 0, 2, 3, 4, 5),
    soon: (callback) => void setImmediate(callback),
  });
  await register(store);
  const key = await start(store, 'a');
  await claim(store);
  console.log(`open ${key}`);
  if (task === 'write') await writeForEver(store, key);
  else setInterval(() => {}, 60_000);
} catch (error) {
  if (!isStepwellError(error)) throw error;
  console.log(`${error.code} ${error.message}`);
}

async function writeForEver(store: Store, key: number): Promise<never> {
  for (let position = 0; ; position += 3) {
    await Promise.all(
      [position, position + 1, position + 2].map(async (at) => {
        if ((await commit(store, key, at)) === 'stored') console.log(at);
      }),
    );
  }
}
