import {
  AcknowledgeBeforeCommit,
  ChildrenApart,
  ClocksAsTheyAre,
  lostTimer,
  lostWakeUp,
  NoPositionCheck,
} from './plants/commits.ts';
import {
  AcknowledgeBeforeDelivery,
  CallbacksStayOpen,
  CancelsStopAtTheParent,
  LateCancelWins,
  ToldIsTaken,
} from './plants/facts.ts';
import { keyOfEachAttempt, oneUndo } from './plants/functions.ts';
import { OrderOfReplay, TimeOfReplay, UnreadAtMostOnce, UnreadEventIds } from './plants/histories.ts';
import type { Plant } from './plants/plant.ts';
import { DeadWorkersKeepTheirRuns, RenewalsAreNotKept } from './plants/leases.ts';
import { IdsAreNotUnique, KeysWithoutLimit } from './plants/starts.ts';

/** What was acknowledged is lost, or nobody ever comes to take it. */
const LOST = /has lost it|is waiting, owned by null, ready never, waits for \[(event|callback|child)/;

/** Bugs that are put in on purpose, each against another promise of docs/guarantees.md or in another place. */
export const PLANTS: Readonly<Record<string, Plant>> = {
  'at most once means at least once': {
    breaks: 'promise 5: an attempt that may run at most once is not begun again',
    shows: /was begun again/,
    remote: (store) => new UnreadAtMostOnce(store),
  },
  'every attempt has its own key': {
    breaks: 'promise 6: all attempts of an operation have one idempotency key',
    shows: /ended with \{"error":"SimulatedError: [^"]* failed"\}/,
    workflows: keyOfEachAttempt,
  },
  'an id starts two runs': {
    breaks: 'promise 7: the same id never starts a second run',
    shows: /was created twice/,
    shared: (store) => new IdsAreNotUnique(store),
  },
  'acknowledge before delivery': {
    breaks: 'promise 8: an event that was acknowledged stays until the run asks for it',
    shows: LOST,
    remote: (store, process) => new AcknowledgeBeforeDelivery(store, process),
  },
  'a fact is gone once a worker was told': {
    breaks: 'promise 8: an event that was acknowledged stays until the run asks for it',
    shows: LOST,
    shared: (store) => new ToldIsTaken(store),
  },
  'ids of events are not looked at': {
    breaks: 'promise 8: an event with an id is taken once in a run',
    shows: /the event .* was taken twice/,
    remote: (store) => new UnreadEventIds(store),
  },
  'a callback stays open': {
    breaks: 'promise 9: a callback is completed once',
    shows: /was completed twice/,
    shared: (store) => new CallbacksStayOpen(store),
  },
  'children apart from their parents': {
    breaks: "promise 10: a child is started if and only if its parent's journal says so",
    shows: /waits for \[child|RUN_NOT_FOUND/,
    remote: (store, process) => new ChildrenApart(store, process),
  },
  'acknowledge before commit': {
    breaks: 'promise 11: nobody hears of something that is not on disk',
    shows: /which is not on record/,
    remote: (store, process) => new AcknowledgeBeforeCommit(store, process),
  },
  'no position check': {
    breaks: 'promise 12: a journal has one writer at a time',
    shows: /a commit at position/,
    shared: (store) => new NoPositionCheck(store),
  },
  'a replay has another order': {
    breaks: 'promise 13: a function sees the outcomes in the order of the journal, in every replay',
    shows: /is stuck.*does not fit the journal/,
    remote: (store) => new OrderOfReplay(store),
  },
  'a replay has another time': {
    breaks: 'promise 13: a replay gives the same again',
    shows: /ended with ((?! where ).)*"(later|different)"/,
    remote: (store, process) => new TimeOfReplay(store, process),
  },
  'clocks as they are': {
    breaks: 'promise 14: time within a journal never goes back',
    shows: /time goes back/,
    remote: (store, process) => new ClocksAsTheyAre(store, process),
  },
  'lost wake-up': {
    breaks: 'promise 15: no wake-up is lost',
    shows: LOST,
    shared: lostWakeUp,
  },
  'lost timer': {
    breaks: 'promise 15: a run that can go on does',
    shows: /is waiting, owned by null, ready never/,
    shared: lostTimer,
  },
  'renewals are not kept': {
    breaks: 'promise 15: a run that can go on does',
    shows: /is stuck.*no worker/,
    shared: (store) => new RenewalsAreNotKept(store),
  },
  'the dead keep their runs': {
    breaks: 'promise 16: the runs of a worker that died go on elsewhere after its lease',
    shows: /is running, owned by \w/,
    shared: (store) => new DeadWorkersKeepTheirRuns(store),
  },
  'a late cancel wins': {
    breaks: 'promise 18: a final status stays',
    shows: /run\.cancelled after the run had ended/,
    shared: (store) => new LateCancelWins(store),
  },
  'one undo handler': {
    breaks: 'promise 19: the undo handlers of the steps that succeeded run, last first',
    shows: /was to be undone|not undone/,
    workflows: oneUndo,
  },
  'a cancel stops at the parent': {
    breaks: 'promise 20: a cancel reaches awaited children and theirs',
    shows: /is waiting, owned by null, ready at \d+, waits for \[sleep/,
    shared: (store) => new CancelsStopAtTheParent(store),
  },
  'keys without a limit': {
    breaks:
      'no promise, but the contract of the stores: a run with a concurrency key is given only while fewer have begun',
    shows: /is one too many of the key/,
    shared: (store) => new KeysWithoutLimit(store),
  },
};
