import { forget, lose, type Move } from './worker-rules.ts';
import { deliver, purge, takes } from './store-rules.ts';
import { isFinal, type Mutation, type Run, type State } from './state.ts';

const FACTS = { event: 'E', cancel: 'X', complete: 'C', reopen: 'R' } as const;
const callers = Object.keys(FACTS) as (keyof typeof FACTS)[];

/** What callers and timers may do next. */
export function outsideMoves(state: State, mutation: Mutation | null): Move[] {
  const moves: Move[] = [];
  for (const [index, run] of state.runs.entries()) {
    for (const what of callers) {
      if (state.left[what] === 0 || !isMeantFor(run, what) || !takes(run, FACTS[what])) continue;
      moves.push({
        words: `a caller delivers ${what} to run ${index}`,
        kind: 'outside',
        apply: (next) => {
          next.left[what]--;
          if (mutation !== 'acknowledge before storing') deliver(next.runs[index]!, FACTS[what]);
          next.acknowledged[index] += FACTS[what];
        },
      });
      if (state.left.faults === 0) continue;
      moves.push({
        words: `a caller delivers ${what} to run ${index}, the answer is lost, it will be delivered again`,
        kind: 'fault',
        apply: (next) => {
          next.left.faults--;
          deliver(next.runs[index]!, FACTS[what]);
        },
      });
    }
    if (state.left.purge > 0 && isFinal(run)) {
      moves.push({
        words: `a caller purges run ${index}`,
        kind: 'outside',
        apply: (next) => {
          next.left.purge--;
          purge(next.runs[index]!);
        },
      });
    }
    if (run.program === 'callback' && !run.due && run.callback === 'open') {
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
  for (const [index, { tenure, lost }] of state.workers.entries()) {
    if (tenure === 0 || lost) continue;
    add(`${tenure} crashes`, (next) => {
      next.workers[index] = { tenure: 0, lost: false };
      forget(next, tenure);
    });
    const isKept = state.registered.includes(tenure) && !state.late.includes(tenure);
    if (isKept) add(`${tenure} is paused beyond its lease`, (next) => next.late.push(tenure));
    const hasAnswers =
      state.claims.some((one) => one.tenure === tenure) ||
      state.commits.some((one) => one.tenure === tenure && one.answer !== 'none');
    if (hasAnswers) add(`an answer to ${tenure} is lost`, (next) => lose(next, tenure));
  }
  return moves;
}
