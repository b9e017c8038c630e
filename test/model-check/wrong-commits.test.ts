import { CANCEL, claim, commit, deliver, end, EVENT, REOPEN, release } from '../conformance/fixtures.ts';
import { ACTIVATED, activated, append, failed, testWrongs } from './lying-store.ts';

testWrongs({
  'a commit is stored at a position that is taken': [
    /at position 0 is stored, where the model says: position taken/,
    async ({ store, lies }) => {
      const run = await activated(store);
      lies.commit = async () => ['stored'];
      await commit(store, run, 0);
    },
  ],
  'a commit is refused that is in order': [
    /at position 1 is refused, where the model says: stored/,
    async ({ store, lies }) => {
      const run = await activated(store);
      lies.commit = async () => ['refused'];
      await commit(store, run, 1);
    },
  ],
  'a commit is stored that closes a completed callback': [
    /is stored, where the model says: callback closed/,
    async ({ store, lies }) => {
      const run = await activated(store);
      await append(store, run, 1, [ACTIVATED], { open: [{ callback: 'cb', op: 'ask' }] });
      await deliver(store, { callback: 'cb' }, { type: 'callback', callback: 'cb', outcome: { ok: true } });
      lies.commit = async () => ['stored'];
      await commit(store, run, 2, { close: ['cb'] });
    },
  ],
  'a refused commit changes its run': [
    /run "a" is shown with status waiting, where it is running/,
    async ({ store, honest, lies }) => {
      const run = await activated(store);
      lies.commit = async () => {
        await commit(honest, run, 1, { change: release() });
        return ['refused'];
      };
      await commit(store, run, 0, { change: release() });
    },
  ],
  'a commit leaves a gap': [
    /a commit of run "a" at position 5, where 1 is the next/,
    async ({ store }) => append(store, await activated(store), 5, [ACTIVATED]),
  ],
  'a second process goes on with the activation of another': [
    /p2 goes on with run "a", which p1 has activated last/,
    async ({ store }) =>
      append(store, await activated(store), 1, [{ type: 'status', text: 'mine' }], { by: 'p2' }),
  ],
  'a run is activated by a worker that it was never given to': [
    /w2 activates run "a", which it was never given/,
    async ({ store }) =>
      append(store, await activated(store), 1, [{ ...ACTIVATED, worker: 'w2' }], { by: 'p2' }),
  ],
  'a wake-up is lost': [
    /run "a" is shown with readyAt null, where it is 3000/,
    async ({ store, honest, lies }) => {
      const run = await activated(store);
      await deliver(store, run);
      lies.commit = ([request]) => honest.commit([{ ...request!, change: release({ seen: 1 }) }]);
      await append(store, run, 1, [ACTIVATED], { change: release({ seen: 0 }) });
    },
  ],
  'an event is taken and not written down': [
    /fact 1 of run "a" is taken and lost: the event "paid" was never received/,
    async ({ store }) => {
      const run = await activated(store);
      await deliver(store, run, EVENT);
      await append(store, run, 1, [ACTIVATED], { taken: 1 });
    },
  ],
  'the completion of a callback is taken and not written down': [
    /fact 1 of run "a" is taken and lost: "ask" still waits for its callback/,
    async ({ store }) => {
      const run = await activated(store);
      const started = { type: 'operation.started', op: 'ask', kind: 'callback', callback: 'cb' } as const;
      await append(store, run, 1, [started], { open: [{ callback: 'cb', op: 'ask' }] });
      await deliver(store, { callback: 'cb' }, { type: 'callback', callback: 'cb', outcome: { ok: true } });
      await append(store, run, 2, [ACTIVATED], { taken: 1 });
    },
  ],
  'a cancel is taken and not written down': [
    /fact 1 of run "a" is taken and lost: no cancel was requested/,
    async ({ store }) => {
      const run = await activated(store);
      await deliver(store, run, CANCEL);
      await append(store, run, 1, [ACTIVATED], { taken: 1 });
    },
  ],
  'a run goes on after its end, and was not reopened': [
    /run "a" goes on after its end without having been reopened/,
    async ({ store }) => {
      const run = await failed(store);
      await deliver(store, run, REOPEN);
      await claim(store, { now: 5000 });
      await append(store, run, 2, [ACTIVATED]);
    },
  ],
  'a run ends, and its journal does not say so': [
    /run "a" ends in its journal only, or not in it/,
    async ({ store }) => append(store, await activated(store), 1, [ACTIVATED], { change: end() }),
  ],
});
