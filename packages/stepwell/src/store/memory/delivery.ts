import type { Fact } from '../../model/fact.ts';
import type { CallbackFact, DeliverAnswer, Delivery, RunKeyOrId } from '../delivery.ts';
import { refusalOf, wakes } from '../inbox.ts';
import type { Newsroom } from '../newsroom.ts';
import { change, isUnowned, PASS, type MemoryRun } from './run.ts';
import type { MemoryState } from './state.ts';

export function deliver(state: MemoryState, news: Newsroom, { to, now, fact }: Delivery): DeliverAnswer {
  if ('callback' in to) return complete(state, news, to.callback, fact, now);
  const run = resolve(state, to);
  if (run === undefined) return { delivered: false, because: 'unknown' };
  const because = refusalOf(run.record.status, fact);
  if (because !== null) return { delivered: false, because };
  put(state, news, run, fact as Fact, now);
  return { delivered: true, run: run.record.key };
}

function resolve(state: MemoryState, to: RunKeyOrId): MemoryRun | undefined {
  return 'key' in to ? state.runs.get(to.key) : state.find(to.namespace, to.id);
}

function complete(
  state: MemoryState,
  news: Newsroom,
  callback: string,
  fact: Fact | CallbackFact,
  now: number,
): DeliverAnswer {
  const open = state.callbacks.get(callback);
  if (open === undefined) return { delivered: false, because: 'unknown' };
  if (fact.type === 'callback') state.callbacks.delete(callback);
  put(state, news, open.run, { ...fact, op: open.op } as Fact, now);
  return { delivered: true, run: open.run.record.key };
}

/** Numbers a fact, puts it into the run's inbox and makes the run ready if the fact wakes it. */
export function put(state: MemoryState, news: Newsroom, run: MemoryRun, fact: Fact, now: number): void {
  const number = run.record.delivered + 1;
  run.inbox.push({ number, text: JSON.stringify(fact) });
  change(run, { delivered: number });
  if (fact.type === 'reopen') {
    change(run, { status: 'queued', output: undefined, error: undefined, endedAt: null, beginBy: null });
    state.active.add(run);
  }
  if (fact.type === 'cancel' && isUnowned(run) && run.record.startedAt === null) {
    run.turn = PASS;
    state.undebounce(run);
  }
  if (!isUnowned(run)) news.fact(run.record.key);
  else if (wakes(run.record.status, run.record.startedAt !== null, fact)) {
    change(run, { readyAt: Math.min(run.record.readyAt ?? now, now) });
    news.ready(now);
  }
}
