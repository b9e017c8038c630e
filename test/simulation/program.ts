import type { Json } from '../../packages/stepwell/src/model/json.ts';

/** A workflow as plain data: what `interpret.ts` performs, `reference.ts` foretells, and a seed can make up. */
export type Program = readonly Action[];

export type Action =
  | StepAction
  /** A step that may run at most once an attempt; with `reconcile` the outside is asked what became of it. */
  | { readonly do: 'once'; readonly name: string; readonly takes: number; readonly reconcile: boolean }
  /** `until`: asked for as a time, not as a duration. */
  | { readonly do: 'sleep'; readonly ms: number; readonly until?: true }
  | EventAction
  | CallbackAction
  /** With `never` it does not hold before its timeout. */
  | {
      readonly do: 'condition';
      readonly name: string;
      readonly checks: number | 'never';
      readonly timeout?: number;
    }
  | ({ readonly do: 'child'; readonly program: Program } & ChildTerms)
  | ({ readonly do: 'detached'; readonly program: Program } & Omit<ChildTerms, 'taken'>)
  | { readonly do: 'group'; readonly name: string; readonly program: Program }
  /** `named`: an object of branches, not a list. */
  | {
      readonly do: 'parallel';
      readonly name: string;
      readonly branches: readonly Program[];
      readonly named?: true;
      readonly timeout?: number;
    }
  /** So many of the branches are needed; the others are cancelled. */
  | {
      readonly do: 'quorum';
      readonly name: string;
      readonly need: number;
      readonly branches: readonly Program[];
    }
  /** Items whose index is in `failing` fail after their program. */
  | {
      readonly do: 'map';
      readonly name: string;
      readonly items: number;
      readonly failing: readonly number[];
      readonly tolerate: number;
      readonly concurrency: number;
      readonly program: Program;
      readonly itemTimeout?: number;
      /** The program is performed once for so many items; none of them fails. */
      readonly batch?: number;
    }
  /** Plain promises side by side in one group: the first to end wins, the others go on. */
  | { readonly do: 'race'; readonly branches: readonly Program[] }
  | { readonly do: 'all'; readonly branches: readonly Program[] }
  /** Progress, status, log. */
  | { readonly do: 'tell' }
  /** Time, random numbers, ids and patches must be the same again in every replay. */
  | { readonly do: 'recall'; readonly name: string }
  /** A change of the code: the old one knows only `before`. Their steps are called `old …` and `new …`. */
  | { readonly do: 'patch'; readonly name: string; readonly before: Program; readonly after: Program }
  | { readonly do: 'throw'; readonly message: string }
  | { readonly do: 'try'; readonly program: Program }
  | { readonly do: 'continue'; readonly program: Program };

/** Each must have been performed in a run of many seeds. */
export const ACTIONS = [
  'step',
  'once',
  'sleep',
  'event',
  'callback',
  'condition',
  'child',
  'detached',
  'group',
  'parallel',
  'quorum',
  'map',
  'race',
  'all',
  'tell',
  'recall',
  'patch',
  'throw',
  'try',
  'continue',
] as const satisfies readonly Action['do'][];

export interface StepAction {
  readonly do: 'step';
  readonly name: string;
  /** Milliseconds. */
  readonly takes: number;
  /** How often its body throws before it returns. `fatal`: what it throws is not worth another attempt. */
  readonly failures: number | 'always' | 'fatal';
  readonly attempts?: number;
  readonly jitter?: true;
  /** Its first body never ends: the attempt's timeout ends it. */
  readonly hangs?: true;
  /** `fails`: it cannot be undone. */
  readonly undo?: true | 'fails';
  /** Each attempt tells which one it is, and looks at what the one before told. */
  readonly heartbeat?: true;
  /** Default: `… done`. */
  readonly gives?: Gift;
}

export interface EventAction {
  readonly do: 'event';
  readonly name: string;
  /** Nobody raises it, and the wait is given up. */
  readonly missing?: true;
  /** So many of that name are raised, each with an id and a value of its own, and all are waited for. */
  readonly times?: number;
  /** It is raised without an id: once or more often. */
  readonly anonymous?: true;
  /** It is raised, but perhaps too late. */
  readonly timeout?: number;
}

export interface CallbackAction {
  readonly do: 'callback';
  readonly name: string;
  readonly answer: 'succeed' | 'fail' | 'never';
  /** Milliseconds until somebody outside answers. */
  readonly after: number;
  /** What it is completed with; default: `… answered`. */
  readonly value?: Json;
  readonly timeout?: number;
  readonly heartbeat?: number;
  /** Until then whoever is to answer shows every so often that he is alive (ms). */
  readonly beats?: number;
  /** It is opened first, and awaited after this. Give it a timeout: a later life of the run does not tell its new id. */
  readonly meanwhile?: Program;
}

/** How a child run is started. */
export interface ChildTerms {
  /** Its id is made of the parent's and of this. */
  readonly id?: string;
  /** That id belongs to another run already. */
  readonly taken?: true;
  readonly queue?: string;
  readonly priority?: number;
  readonly delay?: number;
  readonly timeout?: number;
  /** It is of the workflow that exists in two versions. */
  readonly version?: Version;
}

export type Version = '1' | '2';

/** Values that are easily spoilt on their way through a journal. */
export const GIFTS = {
  nothing: undefined,
  null: null,
  big: 'long '.repeat(1_000),
  letters: 'Õ 語 𝄞 e\u0301 "\\\n\u0000 </script>',
  nested: { list: [[], {}, [null, { deep: [-0.5, 1e-7, Number.MAX_SAFE_INTEGER, false] }]], '': 'no name' },
} as const satisfies Readonly<Record<string, Json | undefined>>;

export type Gift = keyof typeof GIFTS;

/** Programs that are performed by the run itself as a part of an action. */
function partsOf(action: Action): readonly Program[] {
  switch (action.do) {
    case 'child':
    case 'detached':
    case 'continue':
      return [];
    case 'patch':
      return [action.before, action.after];
    case 'callback':
      return [action.meanwhile ?? []];
    default:
      if ('program' in action) return [action.program];
      return 'branches' in action ? action.branches : [];
  }
}

/** All actions of a run, however deep; those of its children and of the run that goes on for it aside. */
export function actionsOf(program: Program): Action[] {
  return program.flatMap((action) => [action, ...partsOf(action).flatMap(actionsOf)]);
}

/** An event that is raised to a run, so that it does not wait in vain. */
export interface RaisedEvent {
  readonly name: string;
  readonly id: string | undefined;
  readonly value: string;
}

/** Of a run, and of the one that goes on for it: whoever raises them knows only the first. */
export function awaitedEvents(program: Program): RaisedEvent[] {
  return actionsOf(program).flatMap((action) => {
    if (action.do === 'continue') return awaitedEvents(action.program);
    if (action.do !== 'event' || action.missing === true) return [];
    const { name, anonymous } = action;
    if (action.times === undefined)
      return [{ name, id: anonymous === true ? undefined : name, value: `${name} raised` }];
    return eventValues(name, action.times).map((value) => ({ name, id: value, value }));
  });
}

/** Of events of one name, as many as are waited for. */
export function eventValues(name: string, times: number): string[] {
  return Array.from({ length: times }, (_, index) => `${name} ${index + 1}`);
}
