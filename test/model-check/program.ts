import { CALLBACK, LATER, LETTERS, type Activation, type Commit, type Run } from './state.ts';
import type { ModelCommit } from './store-model.ts';

/**
 * What an activation writes next: all that it can do without another arrival, as `Activation.pump` works it off.
 * The program `callback` waits for its callback or its timeout; `event` waits for an event and does a step then.
 */
export function nextCommit(activation: Activation, program: Run['program'], isDue: boolean): Commit {
  const { tenure, run, life, position, seen, phase } = activation;
  const facts = activation.facts.map(({ kind }) => LETTERS[kind]!);
  let written = '';
  const known = () => activation.events + written;
  const isReopened = facts.includes('R') && known().endsWith('K');
  if (isReopened) written += 'R';
  if (phase === 'opening') written += 'A';
  for (const fact of facts) written += traceOf(fact, known());
  const present = presentOf(known());
  if (present.includes('X')) {
    return { tenure, run, life, position, events: `${written}K`, taken: seen, seen, leaves: 'cancelled' };
  }
  let leaves: Commit['leaves'] = 'released';
  if (program === 'callback') {
    if (!present.includes('O')) written += 'O';
    if (!present.includes('C') && isDue) written += 'T';
    if (/[CT]/.test(presentOf(known()))) leaves = 'succeeded';
  } else if (known().includes('E')) {
    const wasBegun = phase === 'live' && activation.events.includes('E');
    leaves = wasBegun ? 'succeeded' : 'no';
    if (wasBegun) written += 'P';
  }
  if (leaves === 'succeeded') written += 'S';
  return { tenure, run, life, position, events: written, taken: seen, seen, leaves };
}

/** A fact that means nothing any more leaves no trace; a reopening is written before all else. */
function traceOf(fact: string, known: string): string {
  if (fact === 'R' || (fact === 'E' && known.includes('E'))) return '';
  if (fact === 'C' && (!known.includes('O') || known.includes('T'))) return '';
  return fact === 'X' && presentOf(known).includes('X') ? '' : fact;
}

/** What has happened since the run was reopened last. */
function presentOf(events: string): string {
  return events.slice(events.lastIndexOf('R') + 1);
}

/** The same as the store's rules take it. */
export function modelCommit(
  { tenure, position, events, taken, seen, leaves }: Commit,
  program: Run['program'],
): ModelCommit {
  const timer = program === 'callback' ? LATER : null;
  return {
    by: tenure,
    position,
    count: 1,
    at: 0,
    activates: /^R?A/.test(events),
    reopens: events.startsWith('R'),
    ends: /[SK]$/.test(events),
    taken,
    open: events.includes('O') ? [CALLBACK] : [],
    close: events.includes('T') ? [CALLBACK] : [],
    release: leaves === 'released' ? { status: 'waiting', readyAt: timer, seen } : null,
    end: leaves === 'succeeded' || leaves === 'cancelled' ? leaves : null,
  };
}
