import type { StepAction } from './program.ts';

/** A step of a program by hand. */
export function step(name: string, more: Partial<StepAction> = {}): StepAction {
  return { do: 'step', name, takes: 20, failures: 0, ...more };
}
