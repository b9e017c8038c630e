/** A workflow as plain data: what `interpret.ts` performs, `reference.ts` foretells, and a seed can make up. */
export type Program = readonly Action[];

export type Action =
  | StepAction
  /** A step that may run at most once an attempt; with `reconcile` the outside is asked what became of it. */
  | { readonly do: 'once'; readonly name: string; readonly takes: number; readonly reconcile: boolean }
  | { readonly do: 'sleep'; readonly ms: number }
  /** `missing`: nobody raises it, and the wait is given up. */
  | { readonly do: 'event'; readonly name: string; readonly missing?: true }
  | {
      readonly do: 'callback';
      readonly name: string;
      readonly answer: 'succeed' | 'fail' | 'never';
      /** Milliseconds until somebody outside answers. */
      readonly after: number;
      readonly timeout?: number;
      readonly heartbeat?: number;
    }
  | { readonly do: 'condition'; readonly name: string; readonly checks: number }
  | { readonly do: 'child'; readonly program: Program }
  | { readonly do: 'detached'; readonly program: Program }
  | { readonly do: 'group'; readonly name: string; readonly program: Program }
  | { readonly do: 'parallel'; readonly name: string; readonly branches: readonly Program[] }
  /** Items whose index is in `failing` fail after their program. */
  | {
      readonly do: 'map';
      readonly name: string;
      readonly items: number;
      readonly failing: readonly number[];
      readonly tolerate: number;
      readonly concurrency: number;
      readonly program: Program;
    }
  /** Plain promises side by side in one group: the first to end wins, the others go on. */
  | { readonly do: 'race'; readonly branches: readonly Program[] }
  | { readonly do: 'all'; readonly branches: readonly Program[] }
  /** Progress, status, log. */
  | { readonly do: 'tell' }
  /** Time, random numbers, ids and patches must be the same again in every replay. */
  | { readonly do: 'recall'; readonly name: string }
  | { readonly do: 'throw'; readonly message: string }
  | { readonly do: 'try'; readonly program: Program }
  | { readonly do: 'continue'; readonly program: Program };

export interface StepAction {
  readonly do: 'step';
  readonly name: string;
  /** Milliseconds. */
  readonly takes: number;
  /** How often its body throws before it returns. */
  readonly failures: number | 'always';
  readonly attempts?: number;
  readonly jitter?: true;
  /** Its first body never ends: the attempt's timeout ends it. */
  readonly hangs?: true;
  readonly undo?: true;
  readonly heartbeat?: true;
}

/** Programs directly inside an action. */
function programsOf(action: Action): readonly Program[] {
  if ('program' in action) return [action.program];
  return 'branches' in action ? action.branches : [];
}

/** Names of the events that a run of the program waits for, its children aside. */
export function awaitedEvents(program: Program): string[] {
  return program.flatMap((action) => {
    if (action.do === 'event') return action.missing === true ? [] : [action.name];
    return action.do === 'child' || action.do === 'detached' || action.do === 'continue'
      ? []
      : programsOf(action).flatMap(awaitedEvents);
  });
}
