// `node test/journals/record.ts`: lives the lives of `lives.ts` and writes the journals of those that have none yet.
// A recording that exists is never written again: it stands for the runs that are in databases out there.
// (Failures are kept without their stacks, which name files of the machine. Run `npm run format` afterwards.)

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { order } from '../../examples/order/workflow.ts';
import { JOURNAL_FORMAT } from '../../packages/stepwell/src/model/event.ts';
import { openMemoryStore } from '../../packages/stepwell/src/store/memory/store.ts';
import { TestClock, type TestEngine, testEngine } from '../../packages/stepwell/src/testing/index.ts';
import { LIVES, SERVICES } from './lives.ts';
import { FOLDER, type RecordedLife, recordedLives } from './recorded.ts';
import { WORKFLOWS } from './workflows.ts';

const manifest = join(import.meta.dirname, '../../packages/stepwell/package.json');
const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };

mkdirSync(FOLDER, { recursive: true });
const existing = new Set(recordedLives().map(({ name }) => name.replace(/\.\d+$/, '')));
for (const [name, live] of Object.entries(LIVES)) {
  if (existing.has(name)) continue;
  const lives = await record(live);
  for (const [n, life] of lives.entries()) {
    const file = lives.length === 1 ? `${name}.json` : `${name}.${n + 1}.json`;
    const text = JSON.stringify(life, (key, value: unknown) => (key === 'stack' ? undefined : value), 2);
    writeFileSync(join(FOLDER, file), `${text}\n`, { flag: 'wx' });
    console.log(`${file}: ${life.run.workflow} ${life.run.status}, ${life.commits.length} commits`);
  }
}

async function record(live: (typeof LIVES)[string]): Promise<RecordedLife[]> {
  const store = openMemoryStore();
  const clock = new TestClock(Date.UTC(2030, 0, 1));
  let engine: TestEngine | null = null;
  await live(async (steps = SERVICES, workflows = [...WORKFLOWS, order]) => {
    engine?.well.kill();
    for (const worker of await store.workers()) await store.retire(worker.id, clock.now());
    engine = await testEngine({ store, clock, workflows, steps });
    await clock.settle();
    return engine;
  });
  const runs = await store.query({ namespace: 'default', limit: 100 });
  return Promise.all(
    runs.toReversed().map(async (run) => ({
      engine: version,
      format: JOURNAL_FORMAT,
      run,
      commits: await store.journal(run.key, 0, Number.MAX_SAFE_INTEGER),
    })),
  );
}
