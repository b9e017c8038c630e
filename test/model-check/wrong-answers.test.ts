import type { CommitRequest } from '../../packages/stepwell/src/store/commit.ts';
import type { Store } from '../../packages/stepwell/src/store/contract.ts';
import { commit, deliver, newRun, register, release, start } from '../conformance/fixtures.ts';
import { ACTIVATED, activated, append, failed, testWrongs } from './lying-store.ts';

testWrongs({
  'an acknowledged fact is not kept': [
    /run "a" is shown with delivered 0, where it is 1/,
    async ({ store, lies }) => {
      const run = await activated(store);
      lies.deliver = async () => [{ delivered: true, run }];
      await deliver(store, run);
    },
  ],
  'an acknowledged fact is not in the inbox': [
    /the inbox of run "a" is shown as \[\], where it is \[1 \{"type":"event"/,
    async ({ store, lies }) => {
      const run = await activated(store);
      await deliver(store, run);
      lies.facts = async () => [];
      await store.facts(run, 0);
    },
  ],
  'a run that has ended takes a fact': [
    /event for \{"key":1\} is answered with delivered, where it is ended \(failed\)/,
    async ({ store, lies }) => {
      const run = await failed(store);
      lies.deliver = async () => [{ delivered: true, run }];
      await deliver(store, run);
    },
  ],
  'a run that goes on does not take a fact': [
    /event for \{"key":1\} is answered with unknown, where it is delivered/,
    async ({ store, lies }) => {
      const run = await activated(store);
      lies.deliver = async () => [{ delivered: false, because: 'unknown' }];
      await deliver(store, run);
    },
  ],
  'a callback is completed twice': [
    /callback for \{"callback":"cb"\} is answered with delivered, where it is unknown/,
    async ({ store, lies }) => {
      const run = await activated(store);
      await append(store, run, 1, [ACTIVATED], { open: [{ callback: 'cb', op: 'ask' }] });
      const completion = { type: 'callback', callback: 'cb', outcome: { ok: true } } as const;
      await deliver(store, { callback: 'cb' }, completion);
      lies.deliver = async () => [{ delivered: true, run }];
      await deliver(store, { callback: 'cb' }, completion);
    },
  ],
  'a run is purged that goes on': [
    /a purge of "a" is answered with true, where it is false \(running\)/,
    async ({ store, lies }) => {
      await activated(store);
      lies.purge = async () => true;
      await store.purge('default', 'a');
    },
  ],
  'an id starts two runs': [
    /a start of "a" is answered with created true, though the run exists/,
    async ({ store, lies }) => {
      await activated(store);
      lies.start = async () => [{ created: true, key: 2, owned: false }];
      await start(store, 'a');
    },
  ],
  'a new run has the key of another': [
    /run "b" is told to have key 1, which is not its own/,
    async ({ store, lies }) => {
      await activated(store);
      lies.start = async () => [{ created: true, key: 1, owned: false }];
      await start(store, 'b');
    },
  ],
  'a new run is not given to who asked for it': [
    /a start of "a" is answered with owned false, where it is true/,
    async ({ store, lies }) => {
      await register(store);
      lies.start = async () => [{ created: true, key: 1, owned: false }];
      await store.start([newRun('a')], 'w1');
    },
  ],
  'a journal is shown with a piece missing': [
    /the journal of run "a" is shown from 0 as \[\], where it is \[1 at 0 \(3000\)\]/,
    async ({ store, lies }) => {
      const run = await activated(store);
      lies.journal = async () => [];
      await store.journal(run, 0, 10);
    },
  ],
  'a run has lost a tag': [
    /run "a" is shown with tags x, where it is x,y/,
    async ({ store, honest, lies }) => {
      const run = await activated(store, { tags: ['x'] });
      lies.commit = (commits) => honest.commit(commits.map((one) => ({ ...one, change: null })));
      await append(store, run, 1, [{ type: 'tags', tags: ['y'] }], { change: { tags: ['y'] } });
    },
  ],
  'a run is not found by its tag': [
    /run "a" is not found, though it is as was asked for/,
    async ({ store, lies }) => {
      await activated(store, { tags: ['x'] });
      lies.query = async () => [];
      await store.query({ namespace: 'default', tag: 'x', limit: 9 });
    },
  ],
  'a run is found by a tag that it does not have': [
    /run "a" is found, though it is not as was asked for/,
    async ({ store, honest, lies }) => {
      await activated(store, { tags: ['x'] });
      lies.query = () => honest.query({ namespace: 'default', limit: 9 });
      await store.query({ namespace: 'default', tag: 'y', limit: 9 });
    },
  ],
  'runs are counted that were not asked for': [
    /the runs are counted as \[1 running\], where they are \[\]/,
    async ({ store, honest, lies }) => {
      await activated(store);
      lies.count = () => honest.count({ namespace: 'default' });
      await store.count({ namespace: 'default', workflow: 'mail' });
    },
  ],
  'in the end a journal holds something else': [
    /the journal of run "a" does not hold what was committed/,
    async ({ store, lies }) => {
      await activated(store);
      lies.journal = async () => [{ position: 0, at: 3000, events: [{ type: 'status', text: 'forged' }] }];
      await store.compareAll();
    },
  ],
  'in the end a run is not as it was left': [
    /run "a" is shown with status waiting, where it is running/,
    async ({ store, honest }) => {
      await commit(honest, await activated(store), 1, { change: release() });
      await store.compareAll();
    },
  ],
  'in the end a callback is open that was closed': [
    /callback cb is open, where it is closed/,
    async ({ store, honest }) => {
      const run = await activated(store);
      const open = [{ callback: 'cb', op: 'ask' }];
      await append(store, run, 1, [ACTIVATED], { open });
      await append(store, run, 2, [ACTIVATED], { close: ['cb'] });
      // Behind the back of the model, at a place that it does not look at.
      await startBehind(honest, open);
      await store.compareAll();
    },
  ],
});

/** Another namespace is nobody's concern, but callbacks are of all. */
async function startBehind(honest: Store, open: CommitRequest['open']): Promise<void> {
  const run = await start(honest, 'b', { namespace: 'elsewhere' });
  await commit(honest, run, 0, { open });
}
