import type { Plan, Sample } from './soak.ts';
import { trendOf, type Bound } from './trend.ts';

const MB = 1024 * 1024;

interface Bounded {
  readonly of: (sample: Sample) => number;
  readonly bound: Bound;
  readonly in: 'MB' | '';
  /** In a shorter soak nothing can be said of it. */
  readonly fromMs?: number;
}

/** What may not grow in the long run. */
const BOUNDED: Record<string, Bounded> = {
  'heap after a garbage collection': {
    of: ({ heap }) => heap,
    bound: { absolute: 3 * MB, relative: 0.1 },
    in: 'MB',
  },
  // It grows until the caches of SQLite and of V8 have their size.
  'memory of the process': {
    of: ({ rss }) => rss,
    bound: { absolute: 40 * MB, relative: 0.2 },
    in: 'MB',
    fromMs: 3 * 60_000,
  },
  'file and log': {
    of: ({ file, log }) => file + log,
    bound: { absolute: 4 * MB, relative: 0.25 },
    in: 'MB',
  },
  'open files and sockets': { of: ({ files }) => files ?? 0, bound: { absolute: 1, relative: 0 }, in: '' },
  timers: { of: (sample) => sample.timers, bound: { absolute: 1, relative: 0 }, in: '' },
};

/** Commits that a standing run may have in its journal before it begins anew. */
const MOST_COMMITS = 25;

/** What must be so after every round, when all has ended and what has ended is purged. */
const EXACT: Record<string, (sample: Sample, plan: Plan) => boolean> = {
  'what was asked for was done': ({ scenarios }) => scenarios > 0,
  'nothing runs any more': ({ active }) => active === 0,
  'no reader has left a listener behind': ({ listeners }) => listeners === 0,
  'runs that ended are gone, others are not': ({ runs, inputs }, { standing }) =>
    runs === standing && inputs === standing,
  'journals are those of the runs that there are': ({ journal }, { standing }) =>
    journal >= standing && journal <= MOST_COMMITS * standing,
  'a lane for each workflow and no more': ({ lanes, workflows }) => lanes > 0 && lanes <= workflows,
  'no row of a run that is gone': ({ orphans }) => orphans === 0,
  'no fact and no callback is left': ({ inbox, callbacks }) => inbox === 0 && callbacks === 0,
  'the engine had nothing to complain of': ({ errors }) => errors.length === 0,
};

export interface Finding {
  readonly what: string;
  readonly holds: boolean;
  readonly figures: string;
}

export function judge(samples: readonly Sample[], plan: Plan): Finding[] {
  const tookMs = samples.at(-1)?.at ?? 0;
  const told = Object.entries(BOUNDED).filter(([, { fromMs = 0 }]) => tookMs >= fromMs);
  const trends = told.map(([what, { of, bound, in: unit }]): Finding => {
    const { level, growth, allowed } = trendOf(samples.map(of), bound);
    const shown = (figure: number) => (unit === 'MB' ? `${(figure / MB).toFixed(1)} MB` : figure.toFixed(1));
    return {
      what: `${what}: does not grow`,
      holds: growth <= allowed,
      figures: `at ${shown(level)}, grew by ${shown(growth)} of ${shown(allowed)} allowed`,
    };
  });
  const rules = Object.entries(EXACT).map(([what, isSo]): Finding => {
    const against = samples.filter((sample) => !isSo(sample, plan));
    const figures =
      against[0] === undefined ? '' : `not so after ${against.length}: ${JSON.stringify(against[0])}`;
    return { what, holds: against.length === 0, figures };
  });
  return [...trends, ...rules];
}
