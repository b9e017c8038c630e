import { StepwellError } from './errors.ts';
import type { JournalEvent } from './event.ts';
import type { Json } from './json.ts';

/**
 * What a journal or a run's row holds in place of a payload that is too large for it: where it is kept. Lists and the
 * feed show it as it is. Values of users cannot look like it: they never have the key `$stepwell` at their top
 * (payload.ts).
 */
export interface Reference {
  readonly $stepwell: 'artifact';
  /** Where the artifacts of this store of runs have it. */
  readonly key: string;
  /** Bytes. */
  readonly size: number;
}

const MARK = '$stepwell';

/** Fields of events in which references may stand. */
export const PAYLOAD_FIELDS = ['value', 'output', 'details', 'data'] as const;

/** Whether a value has the key that is kept for references. */
export function isReserved(value: unknown): boolean {
  return typeof value === 'object' && value !== null && MARK in value;
}

/** Whether it stands for a value that is kept elsewhere, and is not a value itself. */
export function isReference<T>(value: T): value is T & Reference {
  if (!isReserved(value)) return false;
  const { [MARK]: kind, key } = value as Record<string, unknown>;
  return kind === 'artifact' && typeof key === 'string';
}

export function hasReference(event: JournalEvent): boolean {
  return PAYLOAD_FIELDS.some((field) => isReference((event as unknown as Record<string, Json>)[field]));
}

/** Of all that an event refers to. */
export function bytesElsewhere(event: JournalEvent): number {
  let bytes = 0;
  for (const field of PAYLOAD_FIELDS) {
    const payload = (event as unknown as Record<string, Json>)[field];
    if (isReference(payload)) bytes += payload.size;
  }
  return bytes;
}

export function referenceTo(key: string, size: number): Reference & Json {
  return { [MARK]: 'artifact', key, size };
}

export function notLoaded({ key, size }: Reference, why: string): StepwellError {
  return new StepwellError(
    'PAYLOAD_NOT_LOADED',
    `A value of ${size} bytes, which is kept as the artifact "${key}", could not be loaded: ${why}. ` +
      'Open the engine with the place that has it (Stepwell.open({ artifacts })), or restore it from a backup of that place; then resume the run.',
  );
}
