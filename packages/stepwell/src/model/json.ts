import { StepwellError } from './errors.ts';

/** What a journal can hold: exactly the values that survive `JSON.parse(JSON.stringify(value))`. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const MAX_DEPTH = 200;

/**
 * The JSON text of a value; `undefined` (a step that returns nothing) has none.
 *
 * @param what names the value in the error, e.g. `result of step "charge"`
 * @throws StepwellError `VALUE_NOT_JSON` with the path of the offending value
 */
export function encodeJson(value: unknown, what: string): string | undefined {
  return value === undefined ? undefined : JSON.stringify(copyJson(value, what).json);
}

/** What {@link copyJson} makes of a value. */
export interface JsonCopy {
  readonly json: Json;
  /** The JSON text has at most so many bytes; it may have far fewer. */
  readonly mostBytes: number;
}

/**
 * A copy of a value as JSON would give it back: undefined properties are left out, as JSON does; everything else that
 * JSON would lose or change is refused.
 *
 * @throws StepwellError `VALUE_NOT_JSON` with the path of the offending value
 */
export function copyJson(value: unknown, what: string): JsonCopy {
  const copier = new JsonCopier();
  const json = copier.copy(value, 0);
  if (json !== UNFIT) return { json, mostBytes: copier.mostBytes };
  // Only now is it worth the time to find out where.
  const offence = findOffence(value, '$', []) ?? '$ has a toJSON method';
  throw new StepwellError('VALUE_NOT_JSON', `The ${what} cannot be kept as JSON: ${offence}.`);
}

/** Stands for a value that JSON cannot hold. */
const UNFIT = Symbol('unfit');
/** The longest texts of a character (an escape) and of a number. */
const CHARACTER_BYTES = 6;
const NUMBER_BYTES = 25;

/** Checks and copies in one pass: to check, then to write the text and read it again, cost 0.8 µs a step more. */
class JsonCopier {
  mostBytes = 0;

  copy(value: unknown, depth: number): Json | typeof UNFIT {
    switch (typeof value) {
      case 'string':
        this.mostBytes += value.length * CHARACTER_BYTES + 3;
        return value;
      case 'boolean':
        this.mostBytes += 6;
        return value;
      case 'number':
        this.mostBytes += NUMBER_BYTES;
        // JSON has no negative zero.
        return Number.isFinite(value) ? value + 0 : UNFIT;
      case 'object':
        this.mostBytes += 5;
        if (value === null) return null;
        // A cycle ends here as well.
        if (depth >= MAX_DEPTH) return UNFIT;
        return Array.isArray(value) ? this.#copyArray(value, depth + 1) : this.#copyObject(value, depth + 1);
      default:
        return UNFIT;
    }
  }

  #copyArray(items: readonly unknown[], depth: number): Json | typeof UNFIT {
    if ('toJSON' in items) return UNFIT;
    const copies: Json[] = [];
    for (let index = 0; index < items.length; index++) {
      const copy = this.copy(items[index], depth);
      if (copy === UNFIT) return UNFIT;
      copies.push(copy);
    }
    return copies;
  }

  #copyObject(value: object, depth: number): Json | typeof UNFIT {
    if (!isPlain(value)) return UNFIT;
    const copies: Record<string, Json> = {};
    for (const key of Object.keys(value)) {
      const inner = (value as Record<string, unknown>)[key];
      if (inner === undefined) continue;
      const copy = this.copy(inner, depth);
      if (copy === UNFIT) return UNFIT;
      this.mostBytes += key.length * CHARACTER_BYTES + 4;
      put(copies, key, copy);
    }
    return copies;
  }
}

function put(copies: Record<string, Json>, key: string, copy: Json): void {
  if (key !== '__proto__') copies[key] = copy;
  else
    Object.defineProperty(copies, key, { value: copy, enumerable: true, configurable: true, writable: true });
}

function isPlain(value: object): boolean {
  return hasNoClass(value) && typeof (value as { toJSON?: unknown }).toJSON !== 'function';
}

/** Objects of another realm (a vm, a test runner) count as well: their prototype has no prototype of its own. */
function hasNoClass(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** The first value that JSON cannot hold, with its path; null if there is none. */
function findOffence(value: unknown, path: string, parents: object[]): string | null {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return null;
    case 'number':
      return Number.isFinite(value) ? null : `${path} is ${value}, which JSON would turn into null`;
    case 'object':
      return value === null ? null : findOffenceInside(value, path, parents);
    case 'undefined':
      return `${path} is undefined, which JSON would turn into null`;
    default:
      return `${path} is a ${typeof value}`;
  }
}

function findOffenceInside(value: object, path: string, parents: object[]): string | null {
  if (parents.includes(value)) return `${path} refers back to an object that contains it`;
  if (parents.length >= MAX_DEPTH) return `${path} is nested deeper than ${MAX_DEPTH} levels`;
  parents.push(value);
  const offence = Array.isArray(value) ? inArray(value, path, parents) : inObject(value, path, parents);
  parents.pop();
  return offence;
}

function inArray(items: readonly unknown[], path: string, parents: object[]): string | null {
  for (let index = 0; index < items.length; index++) {
    const offence = findOffence(items[index], `${path}[${index}]`, parents);
    if (offence !== null) return offence;
  }
  return null;
}

function inObject(value: object, path: string, parents: object[]): string | null {
  if (!hasNoClass(value)) return `${path} is ${describeClass(value)}`;
  if (!isPlain(value)) return `${path} has a toJSON method`;
  for (const key of Object.keys(value)) {
    const inner = (value as Record<string, unknown>)[key];
    if (inner === undefined) continue;
    const offence = findOffence(inner, memberPath(path, key), parents);
    if (offence !== null) return offence;
  }
  return null;
}

function describeClass(value: object): string {
  const name = (value as { constructor?: { name?: string } }).constructor?.name;
  if (value instanceof Date) return 'a Date (give its toISOString() instead)';
  return `an instance of ${name !== undefined && name !== '' ? name : 'a class'}`;
}

function memberPath(path: string, key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

/** Whether two JSON values are the same, whatever the order of their keys. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, index) => sameJson(item, b[index]))
    );
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && sameJson(left[key], right[key]))
  );
}
