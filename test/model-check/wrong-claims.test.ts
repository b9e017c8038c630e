import { claim, register, start, startAndClaim } from '../conformance/fixtures.ts';
import { activated, failed, testWrongs } from './lying-store.ts';

testWrongs({
  'a run has a second owner': [
    /run "a" is given to w2, which is owned already/,
    async ({ store, lies }) => {
      await register(store, { id: 'w2' });
      await register(store);
      await start(store, 'a');
      const answer = await claim(store);
      lies.claim = async () => answer;
      await claim(store, { worker: 'w2' });
    },
  ],
  'a run is given before its time': [
    /run "a" is given to w1 at 2000, before it is ready/,
    async ({ store, honest, lies }) => {
      await register(store);
      await start(store, 'a', { readyAt: 2500 });
      lies.claim = async (request) => ({
        ...(await honest.claim({ ...request, now: 3000 })),
        nextReadyAt: 2500,
      });
      await claim(store);
    },
  ],
  'a run is given that has ended': [
    /run "a" is given to w1, which has ended \(failed\)/,
    async ({ store, honest, lies }) => {
      await failed(store);
      const run = (await honest.get('default', 'a'))!;
      lies.claim = async () => ({ runs: [{ run, journal: [], facts: [] }], nextReadyAt: null });
      await claim(store);
    },
  ],
  'a run is given to a worker that it does not fit': [
    /run "a" is given to w1, which does not fit it/,
    async ({ store, honest, lies }) => {
      await register(store);
      await start(store, 'a');
      lies.claim = (request) => honest.claim({ ...request, kinds: ['order@1'] });
      await claim(store, { kinds: ['mail@1'] });
    },
  ],
  'a less urgent run is given first': [
    /run "urgent" is ready since 1000 and not given to w1, but "a" is/,
    async ({ store, honest, lies }) => {
      await register(store);
      await start(store, 'a');
      await start(store, 'urgent', { priority: 5 });
      lies.claim = async (request) => {
        const answer = await honest.claim(request);
        return { ...answer, runs: answer.runs.toReversed() };
      };
      await claim(store);
    },
  ],
  'a ready run is not given': [
    /run "a" is ready since 1000 and not given to w1/,
    async ({ store, lies }) => {
      await register(store);
      await start(store, 'a');
      lies.claim = async () => ({ runs: [], nextReadyAt: null });
      await claim(store);
    },
  ],
  'more runs are given than were asked for': [
    /run "b" is given to w1 out of its turn, or beyond the limit of 1/,
    async ({ store, honest, lies }) => {
      await register(store);
      await start(store, 'a');
      await start(store, 'b');
      lies.claim = (request) => honest.claim({ ...request, limit: 2 });
      await claim(store, { limit: 1 });
    },
  ],
  'two runs have one slot': [
    /run "b" is given to w1, for which there is no slot/,
    async ({ store, honest, lies }) => {
      await startAndClaim(store, 'a', { concurrencyKey: 'k' });
      await start(store, 'b', { concurrencyKey: 'k' });
      await start(honest, 'c');
      const { runs } = await claim(honest);
      const run = (await honest.get('default', 'b'))!;
      lies.claim = async () => ({ runs: [{ ...runs[0]!, run }], nextReadyAt: null });
      await claim(store);
    },
  ],
  'the next run is ready sooner than is said': [
    /the next run is said to be ready at null, where it is 2500/,
    async ({ store, lies }) => {
      await register(store);
      await start(store, 'a', { readyAt: 2500 });
      lies.claim = async () => ({ runs: [], nextReadyAt: null });
      await claim(store);
    },
  ],
  'a run is given without its journal to who never parked it': [
    /run "a" is given without its journal to w1, who has not parked it/,
    async ({ store, honest, lies }) => {
      await register(store);
      await start(store, 'a');
      lies.claim = async (request) => {
        const answer = await honest.claim(request);
        return { ...answer, runs: answer.runs.map((claimed) => ({ ...claimed, journal: null })) };
      };
      await claim(store);
    },
  ],
  'a dead worker keeps its runs': [
    /run "a" is shown with status running, where it is queued/,
    async ({ store, lies }) => {
      await activated(store);
      lies.expire = async () => ['w1'];
      await store.expire(20_000);
    },
  ],
  'a lease that has run out goes on': [
    /the leases of \[\] have run out, where those of \[w1\] have/,
    async ({ store, lies }) => {
      await activated(store);
      lies.expire = async () => [];
      await store.expire(20_000);
    },
  ],
  'a worker that is gone keeps its lease': [
    /a heartbeat of worker w1 is answered with true, where it is false/,
    async ({ store, lies }) => {
      await activated(store);
      await store.retire('w1', 5000);
      lies.heartbeat = async () => true;
      await store.heartbeat('w1', 6000, 9000);
    },
  ],
  'a run becomes stuck though a worker fits it': [
    /1 runs become stuck, where it is 0/,
    async ({ store, lies }) => {
      await activated(store);
      lies.strand = async () => 1;
      await store.strand(5000, { name: 'Error', message: 'no worker' });
    },
  ],
});
