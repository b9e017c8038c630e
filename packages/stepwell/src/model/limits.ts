import { StepwellError } from './errors.ts';

/** Limits that an engine enforces. Each has its own error, so that a limit that was hit says so. */
export interface Limits {
  /** Bytes of the JSON text of one payload: an input, an output, a result, an event's value. `PAYLOAD_TOO_LARGE` */
  payloadBytes: number;
  /**
   * Bytes of a payload that is kept as an artifact because it is beyond `payloadBytes`, where artifacts are configured.
   * `PAYLOAD_TOO_LARGE`
   */
  largePayloadBytes: number;
  /** Events in one run's journal. `TOO_MANY_EVENTS`; the way around is `ctx.continueAs` */
  eventsPerRun: number;
  /** Operations of one run that are asked for and not settled. `TOO_MANY_OPERATIONS` */
  operationsInFlight: number;
  /** Tags of one run. `TOO_MANY_TAGS` */
  tagsPerRun: number;
  /** Bytes of one artifact. `ARTIFACT_TOO_LARGE` */
  artifactBytes: number;
  /** Characters of a name (workflow, operation, event, queue, tag). `NAME_INVALID` */
  nameLength: number;
  /** Characters of an id (run, concurrency key). `ID_INVALID` */
  idLength: number;
}

export const DEFAULT_LIMITS: Readonly<Limits> = {
  payloadBytes: 4 * 1024 * 1024,
  largePayloadBytes: 64 * 1024 * 1024,
  eventsPerRun: 1_000_000,
  operationsInFlight: 20_000,
  tagsPerRun: 32,
  artifactBytes: 5 * 1024 ** 3,
  nameLength: 200,
  idLength: 255,
};

/** @throws StepwellError `OPTION_INVALID` if a limit is not a positive whole number or is not known */
export function withDefaultLimits(given: Partial<Limits> = {}): Limits {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) {
      throw new StepwellError('OPTION_INVALID', `There is no limit "${name}".`);
    }
    if (!Number.isSafeInteger(value) || value <= 0) {
      throw new StepwellError(
        'OPTION_INVALID',
        `The limit ${name} must be a positive whole number, not ${String(value)}.`,
      );
    }
  }
  return { ...DEFAULT_LIMITS, ...given };
}
