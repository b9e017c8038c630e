import { StepwellError } from './errors.ts';

/** What a journal can hold: exactly the values that survive `JSON.parse(JSON.stringify(value))`. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const MAX_DEPTH = 200;

/**
 * The JSON text of a value; `undefined` (a step that returns nothing) has none.
 * An object's undefined properties are left out, as JSON does; everything else that JSON would lose or change is refused.
 *
 * @param what names the value in the error, e.g. `result of step "charge"`
 * @throws StepwellError `VALUE_NOT_JSON` with the path of the offending value
 */
export function encodeJson(value: unknown, what: string): string | undefined {
  if (value === undefined) return undefined;
  const offence = findOffence(value, '$', []);
  if (offence !== null) {
    throw new StepwellError('VALUE_NOT_JSON', `The ${what} cannot be kept as JSON: ${offence}.`);
  }
  return JSON.stringify(value);
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
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    // Objects of another realm (a vm, a test runner) are plain as well: their prototype has no prototype of its own.
    if (Object.getPrototypeOf(prototype) !== null || 'toJSON' in value) {
      return `${path} is ${describeClass(value)}`;
    }
  }
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return `${path} has a toJSON method`;
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
