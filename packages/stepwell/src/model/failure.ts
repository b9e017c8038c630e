import { seal, unseal, type Codec, type Payload } from './codec.ts';
import { StepwellError, type ErrorCode } from './errors.ts';
import { encodeJson } from './json.ts';

/** An error as a journal keeps it: what is needed to make it again, in another process or another run. */
export interface Failure {
  /** Class name of the error, e.g. `PaymentDeclined`. */
  readonly name: string;
  readonly message: string;
  /** Code of a StepwellError, or an error's own `code`. */
  readonly code?: string;
  readonly stack?: string;
  readonly cause?: Failure;
  /** The error's own properties, those that JSON can hold; of a StepwellError its data. */
  readonly data?: Payload;
}

/** Causes of causes beyond this are cut off: a journal is no place for an endless chain. */
export const DEEPEST_CAUSE = 8;
/** Characters of an error's data beyond which it is left out: an HTTP client's error may hold a whole answer. */
const LONGEST_DATA = 64 * 1024;
/** Characters of a message or stack that are kept. */
const LONGEST_TEXT = 8_000;
const OWN_FIELDS = new Set(['name', 'message', 'stack', 'cause', 'code']);

/** What a journal keeps of a thrown value, whatever it is. Never throws. */
export function failureOf(thrown: unknown, codec: Codec | null = null, depth = 0): Failure {
  if (!(thrown instanceof Error)) return failureOfValue(thrown, codec);
  const data = thrown instanceof StepwellError ? thrown.data : ownProperties(thrown);
  const code = fieldOf(thrown, 'code');
  const stack = fieldOf(thrown, 'stack');
  const cause = fieldOf(thrown, 'cause');
  return {
    name: cut(nameOf(thrown)),
    message: cut(textOf(thrown, 'message')),
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof stack === 'string' ? { stack: cut(stack) } : {}),
    ...(cause === undefined || depth >= DEEPEST_CAUSE ? {} : { cause: failureOf(cause, codec, depth + 1) }),
    ...sealed(data, codec),
  };
}

/** An error's own name; that of its class if the class has not given it one. */
export function nameOf(error: Error): string {
  const own = textOf(error, 'name');
  const type = BUILT_IN.get(own);
  if (type === undefined || Object.getPrototypeOf(error) === type.prototype) return own;
  const name = (fieldOf(error, 'constructor') as { name?: unknown } | undefined)?.name;
  return typeof name === 'string' && name !== '' ? name : own;
}

/** The failure of an operation that the engine itself ends, e.g. because its time is up. */
export function failureWith(code: ErrorCode, message: string, data?: unknown): Failure {
  return { name: 'StepwellError', message, code, ...sealed(data, null) };
}

function failureOfValue(thrown: unknown, codec: Codec | null): Failure {
  return {
    name: 'StepwellError',
    code: 'VALUE_THROWN',
    message: `Something that is not an Error was thrown: ${cut(show(thrown))}. Throw an Error instead.`,
    ...sealed(thrown, codec),
  };
}

function show(value: unknown): string {
  try {
    return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

function sealed(data: unknown, codec: Codec | null): { data?: Payload } {
  try {
    const text = encodeJson(data, 'data of an error');
    return text === undefined || text.length > LONGEST_DATA ? {} : { data: seal(text, codec) };
  } catch {
    return {};
  }
}

/** An error's own enumerable properties, without those that JSON cannot hold; undefined if there are none. */
function ownProperties(error: Error): Record<string, unknown> | undefined {
  const kept = Object.keys(error)
    .filter((key) => !OWN_FIELDS.has(key))
    .map((key) => [key, fieldOf(error, key)] as const)
    .filter(([, value]) => isStorable(value));
  // Of `Promise.any`: without them nobody would know what went wrong.
  if (error instanceof AggregateError) kept.push(['errors', error.errors.map(summaryOf)]);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

function summaryOf(thrown: unknown): { name: string; message: string } {
  const { name, message } = failureOf(thrown);
  return { name, message };
}

/** A field of an error that somebody else made: reading it may throw. */
function fieldOf(error: Error, field: string): unknown {
  try {
    return (error as unknown as Record<string, unknown>)[field];
  } catch {
    return undefined;
  }
}

function textOf(error: Error, field: 'name' | 'message'): string {
  const text = fieldOf(error, field);
  if (typeof text === 'string') return text;
  return text === undefined ? Error.prototype[field] : show(text);
}

function isStorable(value: unknown): boolean {
  try {
    return encodeJson(value, 'property') !== undefined;
  } catch {
    return false;
  }
}

function cut(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT)}…`;
}

// oxlint-disable-next-line no-explicit-any -- a class of errors may have any constructor
export type ErrorClass = abstract new (...args: any[]) => Error;

const BUILT_IN: ReadonlyMap<string, ErrorClass> = new Map(
  [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, AggregateError].map(
    (type) => [type.name, type],
  ),
);

/**
 * The error of a failure: an instance of the class of that name among `classes`, the built-in ones and Stepwell's own;
 * else an Error that has the name. It has the old message, stack, cause and properties; no constructor is run.
 */
export function errorOf(
  failure: Failure,
  codec: Codec | null,
  classes: ReadonlyMap<string, ErrorClass>,
): Error {
  const data = unseal(failure.data, codec);
  const cause = failure.cause === undefined ? {} : { cause: errorOf(failure.cause, codec, classes) };
  if (failure.name === 'StepwellError' && failure.code !== undefined) {
    const error = new StepwellError(failure.code as ErrorCode, failure.message, { ...cause, data });
    if (failure.stack !== undefined) hide(error, 'stack', failure.stack);
    return error;
  }
  const type = classes.get(failure.name) ?? BUILT_IN.get(failure.name);
  const error = Object.create((type ?? Error).prototype as object) as Error;
  // Also of a known class: many give their errors the name in the constructor, which is not run here.
  if (error.name !== failure.name) hide(error, 'name', failure.name);
  hide(error, 'message', failure.message);
  hide(error, 'stack', failure.stack ?? `${failure.name}: ${failure.message}`);
  if ('cause' in cause) hide(error, 'cause', cause.cause);
  if (failure.code !== undefined) (error as Error & { code?: string }).code = failure.code;
  if (typeof data === 'object' && data !== null && !Array.isArray(data)) Object.assign(error, data);
  return error;
}

/** As the language has it: an error's own fields do not show up when its properties are listed. */
function hide(error: Error, field: string, value: unknown): void {
  Object.defineProperty(error, field, { value, writable: true, configurable: true, enumerable: false });
}
