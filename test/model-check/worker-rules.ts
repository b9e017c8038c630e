import { checkRefused, checkStored } from './promises.ts';
import { modelCommit, nextCommit } from './program.ts';
import {
  clockOf,
  LATER,
  NOW,
  type Activation,
  type Claimed,
  type Flight,
  type Run,
  type State,
} from './state.ts';
import type { ModelWorker, Mutation } from './store-model.ts';
import { append, give, heartbeat, isClaimable, isRegistered, leave, retire } from './store-rules.ts';
import { Violation } from './violation.ts';

export interface Move {
  readonly words: string;
  /** `work`: what the workers do by themselves; `outside`: callers and timers. */
  readonly kind: 'work' | 'outside' | 'fault';
  readonly apply: (state: State) => void;
}

/** What the workers may do next: news or the slow sweep behind it lets each of them look at any moment. */
export function workerMoves(state: State, mutation: Mutation | null): Move[] {
  const moves: Move[] = [];
  const add = (words: string, apply: Move['apply']) => moves.push({ words, kind: 'work', apply });
  for (const [index, { tenure, lost }] of state.processes.entries()) {
    if (tenure === 0 || lost) {
      add(`worker ${index} enlists again as ${state.lastTenure + 1}`, (next) =>
        enlist(next, index, mutation),
      );
      continue;
    }
    const isKnown = isRegistered(state, tenure);
    if (!isKnown) add(`${tenure} learns that its lease is lost`, (next) => lose(next, tenure));
    else if (isLate(state, tenure)) {
      add(`${tenure} renews its lease late`, (next) => void heartbeat(next, tenure, LATER));
    }
    for (const [run, record] of state.runs.entries()) {
      if (!isKnown || !isClaimable(state, record, clockOf(record), mutation)) continue;
      add(`${tenure} claims run ${run}`, (next) => {
        give(next.runs[run]!, tenure);
        next.claims.push(read(next, tenure, run));
      });
    }
  }
  for (const { id } of state.workers) {
    const isHeld = state.processes.some(({ tenure, lost }) => tenure === id && !lost);
    if (isHeld && !isLate(state, id)) continue;
    add(`the lease of ${id} expires`, (next) => retire(next, id, NOW, mutation));
  }
  for (const [index, { tenure, run }] of state.claims.entries()) {
    add(`${tenure} gets run ${run}`, (next) => activate(next, next.claims.splice(index, 1)[0]!));
  }
  for (const [index, activation] of state.activations.entries()) addActivationMoves(index, activation);
  for (const [index, { tenure, run, position, events, answer }] of state.commits.entries()) {
    const it = `${tenure}'s commit ${events} to run ${run} at ${position}`;
    if (answer === 'none') add(`the store works on ${it}`, (next) => execute(next, index, mutation));
    else add(`${answer}: ${it}`, (next) => settle(next, next.commits.splice(index, 1)[0]!));
  }
  return moves;

  function addActivationMoves(index: number, { tenure, run, phase, seen, current }: Activation): void {
    const record = state.runs[run]!;
    if (phase === 'reading') {
      add(`${tenure} asks whose run ${run} is`, (next) => takeUpAgain(next, index, mutation));
    } else if (phase !== 'writing') {
      add(`${tenure} sends what it has done in run ${run}`, (next) => send(next, index));
      if (current && record.inbox.some(({ number }) => number > seen)) {
        add(`${tenure} fetches the facts of run ${run}`, (next) =>
          fetchFacts(next, next.activations[index]!),
        );
      }
    }
  }
}

export function isLate({ workers }: State, tenure: ModelWorker['id']): boolean {
  return workers.some(({ id, expiresAt }) => id === tenure && expiresAt <= NOW);
}

/** Journal and facts of a run. */
function read(state: State, tenure: number, run: number): Claimed {
  const { inbox, events, journal, life } = state.runs[run]!;
  const seen = inbox.at(-1)?.number ?? 0;
  return { tenure, run, life, events, position: journal.length, facts: [...inbox], seen };
}

/** The process is told the lease is lost, or it does not know what became of a call: all in memory is thrown away. */
export function lose(state: State, tenure: number): void {
  state.processes.find((process) => process.tenure === tenure)!.lost = true;
  forget(state, tenure);
}

/** A commit that the store has not worked on may still reach it. */
export function forget(state: State, tenure: number): void {
  state.activations = state.activations.filter((one) => one.tenure !== tenure);
  state.claims = state.claims.filter((one) => one.tenure !== tenure);
  state.commits = state.commits.filter((one) => one.tenure !== tenure || one.answer === 'none');
}

function enlist(state: State, index: number, mutation: Mutation | null): void {
  const process = state.processes[index]!;
  if (process.lost) retire(state, process.tenure, NOW, mutation);
  state.lastTenure++;
  state.processes[index] = { tenure: state.lastTenure, lost: false };
  state.workers.push({ id: state.lastTenure, expiresAt: LATER });
}

function activate(state: State, claimed: Claimed): void {
  for (const other of state.activations) {
    if (other.tenure === claimed.tenure && other.run === claimed.run) other.current = false;
  }
  state.activations.push({ ...claimed, phase: 'opening', flight: 0, current: true });
}

function fetchFacts(state: State, activation: Activation): void {
  const news = state.runs[activation.run]!.inbox.filter(({ number }) => number > activation.seen);
  activation.facts.push(...news);
  activation.seen = news.at(-1)?.number ?? activation.seen;
}

function send(state: State, index: number): void {
  const activation = state.activations[index]!;
  const { program, due } = state.runs[activation.run]!;
  let id = 1;
  while (state.commits.some((one) => one.id === id)) id++;
  state.commits.push({ ...nextCommit(activation, program, due), id, answer: 'none' });
  activation.flight = id;
  activation.phase = 'writing';
}

function execute(state: State, index: number, mutation: Mutation | null): void {
  const request = state.commits[index]!;
  const run = state.runs[request.run]!;
  const before = JSON.stringify(run);
  const isUsedAgain = run.life !== request.life;
  const commit = modelCommit(request, run.program);
  const outcome = append(run, commit, mutation);
  const answer = outcome === 'stored' ? 'stored' : 'refused';
  if (answer === 'stored') {
    checkStored(String(request.run), JSON.parse(before) as Run, commit);
    if (isUsedAgain)
      throw new Violation(`a commit meant for a run that was purged is stored in run ${request.run}`);
    run.events += request.events;
    leave(run, commit, mutation);
  } else checkRefused(String(request.run), before, run);
  const isAwaited = writerOf(state, request) !== undefined;
  if (isAwaited) request.answer = answer;
  else state.commits.splice(index, 1);
}

function writerOf(state: State, { id }: Flight): Activation | undefined {
  return state.activations.find((one) => one.flight === id);
}

function settle(state: State, flight: Flight): void {
  const activation = writerOf(state, flight)!;
  if (flight.answer === 'stored' && flight.leaves === 'no') {
    activation.events += flight.events;
    activation.position++;
    activation.facts = activation.facts.filter(({ number }) => number > flight.taken);
    activation.phase = 'live';
    activation.flight = 0;
    return;
  }
  state.activations.splice(state.activations.indexOf(activation), 1);
  if (flight.answer === 'stored' || !activation.current) return;
  if (state.runs[flight.run]!.status === 'purged') return;
  const again = read(state, flight.tenure, flight.run);
  state.activations.push({ ...again, phase: 'reading', flight: 0, current: false });
}

/** As `Tenure.#takeUpAgain`: the journal and the facts were read before, whose the run is comes last. */
function takeUpAgain(state: State, index: number, mutation: Mutation | null): void {
  const [activation] = state.activations.splice(index, 1);
  const { tenure, run, events, facts } = activation!;
  const isActive = state.activations.some((one) => one.current && one.tenure === tenure && one.run === run);
  if (state.runs[run]!.owner !== tenure || isActive) return;
  const hasEnded = /[SK]$/.test(events) && !facts.some(({ kind }) => kind === 'reopen');
  if (hasEnded && mutation !== 'take up an ended run') return;
  state.activations.push({ ...activation!, phase: 'opening', current: true });
}
