import { StepwellError, type ErrorCode } from '../model/errors.ts';

/**
 * The part of a Standard Schema (https://standardschema.dev, version 1) that is used here: what zod, valibot, arktype
 * and others offer. Described by its shape, so that the library depends on none of them.
 */
export interface Schema<In = unknown, Out = In> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Out> | Promise<SchemaResult<Out>>;
    readonly types?: { readonly input: In; readonly output: Out } | undefined;
  };
}

type SchemaResult<Out> =
  | { readonly value: Out; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The type of a value that a schema has let through. */
export type Validated<S> = S extends { readonly '~standard': { readonly types?: infer T } }
  ? NonNullable<T> extends { readonly output: infer Out }
    ? Out
    : unknown
  : unknown;

/** The type of a value that a schema takes. */
export type Accepted<S> = S extends { readonly '~standard': { readonly types?: infer T } }
  ? NonNullable<T> extends { readonly input: infer In }
    ? In
    : unknown
  : unknown;

/**
 * The value as the schema gives it back.
 * @param what names the value in the message, e.g. `input of workflow "order"`
 * @throws StepwellError with the given code; `data` is the list of problems, each with its path
 */
export async function validate(
  schema: Schema,
  value: unknown,
  code: ErrorCode,
  what: string,
): Promise<unknown> {
  const result = await schema['~standard'].validate(value);
  if (result.issues === undefined) return result.value;
  const problems = result.issues.map((issue) => ({ path: pathOf(issue), message: issue.message }));
  const shown = problems
    .slice(0, 5)
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  const more = problems.length > shown.length ? `; and ${problems.length - shown.length} more` : '';
  throw new StepwellError(code, `The ${what} is not valid: ${shown.join('; ')}${more}.`, { data: problems });
}

function pathOf(issue: SchemaIssue): string {
  return (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
}
