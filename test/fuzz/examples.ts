/** Bodies that are taken, by the name of the operation: without them few requests would get beyond the first check. */
export const EXAMPLES: Readonly<Record<string, readonly object[]>> = {
  startRun: [{ input: { a: 1 } }, { input: 'x', tags: ['eu'], delay: '1s' }, {}],
  startRuns: [{ items: [{ input: 1 }, { input: 2, tags: ['us'] }] }],
  forkRun: [{ from: 'compose' }, { from: 'compose', result: 2 }],
  cancelRuns: [{ filter: { tag: 'eu' } }, { filter: { workflow: 'stages' }, dryRun: true }],
  retryRuns: [{ filter: { workflow: 'fuzz' } }, { filter: {}, dryRun: true }],
  purgeRuns: [{ filter: { workflow: 'fuzz' } }, { filter: {}, dryRun: true }],
  raiseEvent: [{ value: 1 }, { value: null, id: 'e' }],
  failCallback: [{ message: 'no' }],
  setQueue: [{ concurrency: 3 }, { rate: { limit: 5, period: '1s' }, perKey: 2 }, {}],
  setSchedule: [
    { workflow: 'echo', cron: '0 3 * * *', timeZone: 'Asia/Tokyo' },
    { workflow: 'echo', every: '1h', overlap: 'skip' },
  ],
};
