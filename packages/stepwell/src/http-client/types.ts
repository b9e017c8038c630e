import type { StartItem, StartOptions } from '../client/types.ts';
import type { StepwellError } from '../model/errors.ts';
import type { ErrorClass } from '../model/failure.ts';

/** How `connect` is told what to do. */
export interface ConnectOptions {
  /** Sent with every request. */
  headers?: Readonly<Record<string, string>>;
  /** Default: that of the machine. */
  fetch?: typeof fetch;
  /** Classes that the errors of runs get again, by their name, so that `instanceof` works. */
  errors?: readonly ErrorClass[];
  /** Told when the connection of `events`, `feed` or `result` is lost, which then take it up again by themselves. */
  onLost?: (error: StepwellError) => void;
}

/** As those of an engine; a transaction of the caller's cannot reach over HTTP. */
export type RemoteStartOptions = Omit<StartOptions, 'client'>;

/** As the arguments of an engine's `start`. */
export type RemoteStartArguments<I> = undefined extends I
  ? [input?: I, options?: RemoteStartOptions]
  : [input: I, options?: RemoteStartOptions];

export type RemoteStartItem<I> = Omit<StartItem<I>, 'client' | 'input'> & Pick<StartItem<I>, 'input'>;
