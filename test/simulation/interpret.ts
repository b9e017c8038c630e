import {
  workflow,
  type AnyDefinition,
  type Ctx,
  type Definition,
  type StepIO,
} from '../../packages/stepwell/src/index.ts';
import type { Json } from '../../packages/stepwell/src/model/json.ts';
import type { Deed } from './deeds.ts';
import { FatalError, SimulatedError } from './errors.ts';
import { Performance } from './performance.ts';
import type { CallbackAction, Program, Version } from './program.ts';

/** What the bodies of steps can do: all of it happens in the process that runs them. */
export interface Hands {
  /** How many bodies of this one's idempotency key have begun, itself included. */
  begun(io: StepIO): number;
  sleep(ms: number): Promise<void>;
  effect(key: string): void;
  hasEffect(key: string): boolean;
  /** Gives a callback's id to whoever is to complete it. */
  submit(callback: string, action: CallbackAction): void;
  did(deed: Deed): void;
  /** Whether the code knows the patches of programs. */
  readonly isNewCode: boolean;
  /** In which versions the process has the workflow that exists in two of them. */
  readonly versions: readonly Version[];
}

export interface ProgramInput {
  readonly program: Program;
}

/** The queue that only some workers serve. */
export const SIDE_QUEUE = 'side';

/** The workflows of the simulated world, with the hands of one process. */
export function workflowsOf(hands: Hands): AnyDefinition[] {
  const options = { errors: [SimulatedError, FatalError] };
  const run = (ctx: Ctx, { program }: ProgramInput): Promise<Json[]> =>
    new Performance(hands, plain).perform(ctx, program);
  const plain: Definition<ProgramInput, Json[]> = workflow('plain', options, run);
  const versioned = hands.versions.map((version) =>
    workflow('versioned', { ...options, version }, async (ctx: Ctx, input: ProgramInput) => {
      if (version === '2') await ctx.step('only in version 2', () => {});
      return [`version ${version}`, await run(ctx, input)];
    }),
  );
  return [
    plain,
    workflow('retrying', { ...options, retry: { attempts: 4, delay: '50ms' } }, run),
    workflow('limited', { ...options, timeout: '3s' }, run),
    workflow('one by one', { ...options, concurrency: { key: () => 'all' } }, run),
    workflow('two by two', { ...options, concurrency: { key: () => 'all', limit: 2 }, priority: 7 }, run),
    workflow('aside', { ...options, queue: SIDE_QUEUE }, run),
    ...versioned,
  ];
}
