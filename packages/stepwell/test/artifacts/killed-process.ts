// A process that writes files for runs, and ends by SIGKILL at a point that its killer names: while a content streams
// (`streaming`), between a content and its place (`renaming`), or between a content and its record (`recording`).
import { randomUUID } from 'node:crypto';
import { FileArtifacts } from '../../src/artifacts/file-store.ts';
import { Stepwell, workflow } from '../../src/index.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';

const [, , path = '', root = '', point = ''] = process.argv;

function die(): void {
  process.kill(process.pid, 'SIGKILL');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

async function* content() {
  yield Buffer.from('first half, ');
  if (point === 'streaming') die();
  yield Buffer.from('second half');
  // The content has been read to its end; what follows is the rename.
  if (point === 'renaming') die();
}

const write = workflow('write', async (ctx) => {
  const { number } = await ctx.artifacts.write('f', content);
  return (await ctx.artifacts.read('f', { number })).text();
});

const store = openSqliteStore({
  path,
  owner: 'test',
  now: () => Date.now(),
  soon: (callback) => void setImmediate(callback),
});
if (point === 'recording') store.saveArtifact = () => Promise.resolve(die() as never);
const artifacts = new FileArtifacts(root, randomUUID);
await using well = await Stepwell.open({ store, artifacts, workflows: [write] });
const run = await well.start(write, undefined, { id: 'r' });
console.log(await run.result());
process.exit(0);
