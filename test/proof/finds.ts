/** A defect of the engine that a test found, and that was mended at its root. */
export interface Find {
  /** What could happen to a user. */
  readonly what: string;
  /** Which kind of test showed it first, with the seed where one was noted. */
  readonly foundBy: string;
  readonly changed: string;
  /** The test that would find it again, from the root of the repository. */
  readonly test: string;
}

/** From before seeds were noted. */
const FIRST_TESTS = 'the first simulation and tests';
const BUILDING = 'building it: the plan was wrong';

/** Kept by hand: whoever mends what a test has found adds a line here, and runs `npm run proof -- --finds`. */
export const FINDS: readonly Find[] = [
  {
    what: 'A run hung for ever: its commit was refused although the run was still the worker’s own, because a callback was completed just as its timeout closed it.',
    foundBy: FIRST_TESTS,
    changed:
      'A worker whose commit is refused looks whether the run is still its own, and takes it up again from the journal.',
    test: 'test/conformance/callbacks.ts',
  },
  {
    what: 'An event that had been acknowledged, and that nobody had asked for yet, was lost with `continueAs`.',
    foundBy: FIRST_TESTS,
    changed:
      'What a run has not taken goes to the run that goes on for it: what is in its journal with its last commit, what is in its inbox by the store.',
    test: 'packages/stepwell/test/client/continued.test.ts',
  },
  {
    what: 'An acknowledged event was lost when a cancel ended the run first and an operator’s retry reopened it.',
    foundBy: FIRST_TESTS,
    changed:
      'The store keeps the events of a run that failed, timed out or was cancelled for a later retry. Since then the simulation never raises an acknowledged event twice.',
    test: 'test/conformance/ending.ts',
  },
  {
    what: 'A pause and a resume that came while a commit was on its way began a body twice.',
    foundBy: FIRST_TESTS,
    changed:
      'A release or an end that is on its way is the last word of its activation: what comes then is for when the run is resumed.',
    test: 'test/simulation/ledger.ts',
  },
  {
    what: 'A paused run that held facts back reported fewer facts as taken than it had reported before.',
    foundBy: FIRST_TESTS,
    changed:
      'The number of what is taken stops before the first fact that is held or still waits, and counts both.',
    test: 'packages/stepwell/test/client/pause.test.ts',
  },
  {
    what: 'A run with a long queue of facts did the work of all of them before it obeyed a pause.',
    foundBy: FIRST_TESTS,
    changed: 'A pause is taken before the facts that came earlier.',
    test: 'packages/stepwell/test/client/continued.test.ts',
  },
  {
    what: 'A run whose commits were refused again and again was taken up again at once each time, and kept its worker from all others.',
    foundBy: FIRST_TESTS,
    changed: 'From the second refusal in a row on it is taken up after a pause that doubles up to 5 s.',
    test: 'packages/stepwell/test/engine/refused.test.ts',
  },
  {
    what: 'A run went on behind its own end, when an operator’s retry and a claim whose answer was still on its way fell between the three reads with which a worker takes a run up again.',
    foundBy: 'model check (reproduced by hand in the engine)',
    changed:
      'A take-up that finds the run’s end stops there: only the claim that reopens a run goes on after its end.',
    test: 'packages/stepwell/test/engine/refused.test.ts',
  },
  {
    what: 'A worker whose writes were never answered, while its heartbeats were, kept its runs for ever.',
    foundBy: 'tests of a store that never answers',
    changed: 'A worker whose commit is not answered within its lease gives its runs up and enlists anew.',
    test: 'packages/stepwell/test/engine/store-failure.test.ts',
  },
  {
    what: 'Of two operations that waited for one event name the second was never served.',
    foundBy: FIRST_TESTS,
    changed: 'Those who wait for a name stand in line, and are served in the order in which they asked.',
    test: 'packages/stepwell/test/workflow/events.test.ts',
  },
  {
    what: 'In a later life of a run, after a retry of the whole function, its children had the ids of those before: the new child was not started.',
    foundBy: FIRST_TESTS,
    changed: 'The id of a child is drawn anew in each beginning of its parent.',
    test: 'packages/stepwell/test/workflow/children.test.ts',
  },
  {
    what: 'A codec that threw for one run failed the commits of all other runs of the same write.',
    foundBy: FIRST_TESTS,
    changed:
      'What goes wrong with one run stays with it: the run is stuck, and goes on when the codec works again.',
    test: 'packages/stepwell/test/workflow/codec.test.ts',
  },
  {
    what: 'The timeout of a run counted from the start call: a run that was delayed by a day, with a timeout of an hour, could never succeed.',
    foundBy: FIRST_TESTS,
    changed: 'It counts from when the run begins.',
    test: 'packages/stepwell/test/workflow/options.test.ts',
  },
  {
    what: 'A cut of the journal at the failed operation, as the plan for an operator’s retry had it, lost the results of what had run beside it.',
    foundBy: BUILDING,
    changed:
      'Retry and fork begin the function anew and give it what it had got, by operation id (decision 0005).',
    test: 'packages/stepwell/test/client/retry-parts.test.ts',
  },
  {
    what: '`ctx.now()` gave another time in the replay of a run that had been paused before it began.',
    foundBy: BUILDING,
    changed: 'That a worker takes a run up, and that the function begins, are two events (decision 0007).',
    test: 'packages/stepwell/test/workflow/now-random-uuid.test.ts',
  },
  {
    what: 'An acknowledged completion of a callback was lost to a timeout at the same moment.',
    foundBy: BUILDING,
    changed:
      'Open callbacks have a table of their own; a commit that closes one that was completed meanwhile is refused (decision 0004).',
    test: 'packages/stepwell/test/client/callbacks.test.ts',
  },
  {
    what: 'An item of a map with `itemTimeout` that did not fit the journal left a rejected promise behind that nobody listened to, which ends the worker’s process.',
    foundBy: 'the simulation with mixed versions, seeds 701 to 2200',
    changed: 'What an item says of itself is listened to from its beginning on.',
    test: 'packages/stepwell/test/engine/journal-mismatch.test.ts',
  },
  {
    what: 'After a sleep `ctx.now()` could lie before the sleep’s end: its timer was taken into a commit whose time was earlier.',
    foundBy: 'seeds 149 and 180, by the oracle that no timer is early',
    changed: 'A timer is due by the time of the commit that takes it.',
    test: 'packages/stepwell/test/engine/durable-before-effect.test.ts',
  },
  {
    what: 'A body began although its run was paused: when `reconcile` said that it had not taken effect, and after a takeover before the pause that lay in the inbox was taken.',
    foundBy: 'seed 3, by the oracle that a pause holds effects',
    changed:
      'Work that was cut off is taken up only behind the facts that are there, and held while the run is paused.',
    test: 'packages/stepwell/test/workflow/at-most-once.test.ts',
  },
  {
    what: 'Of pause, resume and pause in one inbox the last pause was lost.',
    foundBy: 'reading, then an oracle of the simulation',
    changed: 'A pause overtakes earlier facts only as far as the resume before it.',
    test: 'packages/stepwell/test/client/pause.test.ts',
  },
  {
    what: 'A run was ended by force while the start of a step was being written: its body still began, and a log line came behind `run.cancelled` in the journal.',
    foundBy: 'seed 195',
    changed: 'A last word that is on its way ends everything that is not durable by then.',
    test: 'packages/stepwell/test/engine/durable-before-effect.test.ts',
  },
  {
    what: 'Whoever ran a worker whose renewals the store refused was told that the lease was lost, but not why.',
    foundBy: 'chaos with a disk that fills, seed 23364',
    changed: 'The error has the store’s refusal as its cause.',
    test: 'packages/stepwell/test/engine/full-disk.test.ts',
  },
  {
    what: 'A worker whose write the store never answered kept its lease, and with it all its runs, for ever.',
    foundBy: 'reading (a heartbeat only while the loop makes progress)',
    changed: 'The lease is given up when a write or a renewal has not been answered for the time of a lease.',
    test: 'packages/stepwell/test/engine/store-failure.test.ts',
  },
];
