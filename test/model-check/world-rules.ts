import { isFinal, refusalOf } from './fact-rules.ts';
import { CALLBACK, LETTERS, newRun, NOW, type Run, type State } from './state.ts';
import type { Mutation } from './store-model.ts';
import { complete, heartbeat, isRegistered, purge, put } from './store-rules.ts';
import { forget, isLate, lose, type Move } from './worker-rules.ts';

const FACTS = { event: 'event', cancel: 'cancel', complete: 'callback', reopen: 'reopen' } as const;
const callers = Object.keys(FACTS) as (keyof typeof FACTS)[];

/** What callers and timers may do next. */
export function outsideMoves(state: State, mutation: Mutation | null): Move[] {
  const moves: Move[] = [];
  for (const [index, run] of state.runs.entries()) {
    for (const what of callers) {
      if (state.left[what] === 0 || !isMeantFor(run, what) || !takes(run, what)) continue;
      moves.push({
        words: `a caller delivers ${what} to run ${index}`,
        kind: 'outside',
        apply: (next) => {
          next.left[what]--;
          if (mutation !== 'acknowledge before storing') deliver(next, index, what);
          next.acknowledged[index] += LETTERS[FACTS[what]]!;
        },
      });
      if (state.left.faults === 0) continue;
      moves.push({
        words: `a caller delivers ${what} to run ${index}, the answer is lost, it will be delivered again`,
        kind: 'fault',
        apply: (next) => {
          next.left.faults--;
          deliver(next, index, what);
        },
      });
    }
    if (state.left.purge > 0 && isFinal(run.status)) {
      moves.push({
        words: `a caller purges run ${index}`,
        kind: 'outside',
        apply: (next) => {
          next.left.purge--;
          purge(next.runs[index]!);
        },
      });
    }
    if (state.left.restart > 0 && run.status === 'purged') {
      moves.push({
        words: `a caller starts run ${index} again, under the same id`,
        kind: 'outside',
        apply: (next) => {
          next.left.restart--;
          const again = newRun(run.program, run.slot?.limit ?? 0, run.life + 1);
          if (mutation === 'a purged key is used again') {
            next.runs[index] = again;
            next.acknowledged[index] = '';
          } else {
            next.runs.push(again);
            next.acknowledged.push('');
          }
        },
      });
    }
    if (run.program === 'callback' && !run.due && run.open.length > 0) {
      moves.push({
        words: `the timeout of run ${index} falls due`,
        kind: 'outside',
        apply: (next) => {
          next.runs[index]!.due = true;
        },
      });
    }
  }
  return moves;
}

/** Whether the store takes such a fact. */
function takes(run: Run, what: keyof typeof FACTS): boolean {
  return what === 'complete' ? run.open.includes(CALLBACK) : refusalOf(run.status, FACTS[what]) === null;
}

function deliver(state: State, index: number, what: keyof typeof FACTS): void {
  const run = state.runs[index]!;
  if (what === 'complete') complete({ ...state, runs: [run] }, CALLBACK, 'callback');
  put(run, FACTS[what], NOW);
}

function isMeantFor({ program }: Run, what: keyof typeof FACTS): boolean {
  if (what === 'complete') return program === 'callback';
  return program === 'event';
}

export function faultMoves(state: State): Move[] {
  const moves: Move[] = [];
  if (state.left.faults === 0) return moves;
  const add = (words: string, apply: Move['apply']) =>
    moves.push({
      words,
      kind: 'fault',
      apply: (next) => {
        next.left.faults--;
        apply(next);
      },
    });
  for (const [index, { tenure, lost }] of state.processes.entries()) {
    if (tenure === 0 || lost) continue;
    add(`${tenure} crashes`, (next) => {
      next.processes[index] = { tenure: 0, lost: false };
      forget(next, tenure);
    });
    const isKept = isRegistered(state, tenure) && !isLate(state, tenure);
    if (isKept) add(`${tenure} is paused beyond its lease`, (next) => void heartbeat(next, tenure, NOW));
    const hasAnswers =
      state.claims.some((one) => one.tenure === tenure) ||
      state.commits.some((one) => one.tenure === tenure && one.answer !== 'none');
    if (hasAnswers) add(`an answer to ${tenure} is lost`, (next) => lose(next, tenure));
  }
  return moves;
}
