import { isFinal, type Claimed, type Commit, type Mutation, type Run, type State } from './state.ts';

/** The store's calls as `store/contract.ts` describes them, each one atomic. */

export function isClaimable(run: Run): boolean {
  const isActive = run.status === 'queued' || run.status === 'waiting';
  return isActive && run.owner === 0 && (run.ready || (run.timer && run.due));
}

export function claim(state: State, tenure: number, index: number): Claimed {
  const run = state.runs[index]!;
  Object.assign(run, { status: 'running', owner: tenure, ready: false, timer: false });
  return read(state, tenure, index);
}

/** Journal and facts of a run. */
export function read(state: State, tenure: number, index: number): Claimed {
  const run = state.runs[index]!;
  const facts = [...run.inbox];
  const seen = facts.at(-1)?.[0] ?? 0;
  return { tenure, run: index, events: run.journal.events, position: run.journal.length, facts, seen };
}

export function commit(state: State, request: Commit, mutation: Mutation | null): 'stored' | 'refused' {
  const run = state.runs[request.run]!;
  const { position, tenure, events, taken } = request;
  const isTaken = position < run.journal.length && mutation !== 'no position check';
  const closes = events.includes('T') && mutation !== 'close of a completed callback';
  if (run.status === 'purged' || isTaken || (closes && run.callback !== 'open')) {
    if (mutation === 'refused commit takes facts') takeFacts(run, taken);
    return 'refused';
  }
  run.journal = { events: run.journal.events + events, length: position + 1, by: tenure };
  takeFacts(run, taken);
  if (events.includes('O')) run.callback = 'open';
  if (events.includes('T')) run.callback = 'closed';
  if (request.leaves === 'released') release(run, request.seen, mutation);
  else if (request.leaves !== 'no') end(run, request.leaves);
  return 'stored';
}

function takeFacts(run: Run, taken: number): void {
  run.inbox = run.inbox.filter(([number]) => number > taken);
}

function release(run: Run, seen: number, mutation: Mutation | null): void {
  const isWoken = mutation !== 'release ignores seen' && run.inbox.some(([number]) => number > seen);
  const timer = run.program === 'callback';
  Object.assign(run, { status: 'waiting', owner: 0, ready: isWoken, timer });
}

function end(run: Run, status: 'succeeded' | 'cancelled'): void {
  Object.assign(run, { status, owner: 0, ready: false, timer: false });
  if (run.callback === 'open') run.callback = 'closed';
  run.inbox = run.inbox.filter(([, fact]) => status === 'cancelled' && fact === 'E');
}

/** Whether the store takes a fact. */
export function takes(run: Run, fact: string): boolean {
  if (run.status === 'purged') return false;
  if (fact === 'R') return run.status === 'cancelled';
  return fact === 'C' ? run.callback === 'open' : !isFinal(run);
}

export function deliver(run: Run, fact: string): void {
  run.delivered++;
  run.inbox.push([run.delivered, fact]);
  if (fact === 'C') run.callback = 'closed';
  if (fact === 'R') run.status = 'queued';
  const hasBegun = run.journal.length > 0 || run.owner !== 0;
  if (run.owner === 0 && (hasBegun || fact === 'X')) run.ready = true;
}

export function retire(state: State, tenure: number, mutation: Mutation | null): void {
  state.registered = state.registered.filter((one) => one !== tenure);
  state.late = state.late.filter((one) => one !== tenure);
  if (mutation === 'expire frees no runs') return;
  for (const run of state.runs) {
    if (run.owner === tenure) Object.assign(run, { owner: 0, status: 'queued', ready: true });
  }
}

export function purge(run: Run): void {
  Object.assign(run, { status: 'purged', inbox: [], callback: 'none' });
  run.journal = { events: '', length: 0, by: 0 };
}
