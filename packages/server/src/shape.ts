import type { z } from 'zod';

/**
 * A key that may be left out, and is never `undefined`: JSON and addresses have no such thing. (`exactOptional` says
 * the same, but zod-openapi takes it for required.)
 */
export function optional<T extends z.ZodType>(shape: T): z.ZodExactOptional<T> {
  return shape.optional() as unknown as z.ZodExactOptional<T>;
}

/** One thing that is wrong with a body or with the parameters of a request. */
interface Problem {
  readonly path: string;
  readonly message: string;
}

export function problemsOf(error: z.ZodError): Problem[] {
  return error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ path: [...issue.path, key].join('.'), message: 'is not known here' }))
      : [{ path: issue.path.join('.'), message: issue.message }],
  );
}

export function sentenceOf(problems: readonly Problem[]): string {
  const shown = problems
    .slice(0, 5)
    .map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  const more = problems.length > shown.length ? `; and ${problems.length - shown.length} more` : '';
  return shown.join('; ') + more;
}
