import { isStepwellError } from '../../packages/stepwell/src/index.ts';

/** Errors of programs: `name: message` tells them apart. */
export class SimulatedError extends Error {
  override readonly name = 'SimulatedError';
}

/** It says itself that it is not worth another attempt. */
export class FatalError extends Error {
  override readonly name = 'FatalError';
}

export function describeError(error: unknown): string {
  if (isStepwellError(error)) return error.code;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
