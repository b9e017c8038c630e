import type { Context } from 'hono';
import { milliseconds, StepwellError } from 'stepwell';
import { z } from 'zod';
import { problemsOf, sentenceOf } from './shape.ts';

/**
 * Hono lets a malformed `%` through as it stands, and would then look for a run of that name.
 * @throws StepwellError `PARAMETER_INVALID`
 */
export function checkPercentEncoding(url: string): void {
  try {
    decodeURIComponent(url);
  } catch {
    throw new StepwellError(
      'PARAMETER_INVALID',
      'The address is not valid: after each "%" come two hex digits, and together they are UTF-8. encodeURIComponent does it right.',
    );
  }
}

/** The decoded parts of the path that have these names. */
export function readParams(c: Context, names: readonly string[]): Record<string, string> {
  const params: Record<string, string> = {};
  for (const name of names) params[name] = c.req.param(name)!;
  return params;
}

const NoQuery = z.strictObject({});

/**
 * The parameters after `?`. Unknown ones are refused: a misspelt filter would otherwise show everything.
 * @throws StepwellError `PARAMETER_INVALID`
 */
export function readQuery(c: Context, shape: z.ZodType | undefined): unknown {
  if (shape === undefined && !c.req.url.includes('?')) return undefined;
  const { searchParams } = new URL(c.req.url);
  const given = [...new Set(searchParams.keys())].map((name) => {
    const values = searchParams.getAll(name);
    return [name, values.length === 1 ? values[0] : values];
  });
  return check(shape ?? NoQuery, Object.fromEntries(given));
}

/**
 * The headers that an object's shape names, all of which may be left out; one that is empty counts as absent.
 * @throws StepwellError `PARAMETER_INVALID`
 */
export function readHeaders(c: Context, shape: z.ZodType | undefined): unknown {
  if (!(shape instanceof z.ZodObject)) return undefined;
  const given: Record<string, string> = {};
  let isEmpty = true;
  for (const name in shape.shape) {
    const value = c.req.header(name);
    if (value === undefined || value === '') continue;
    given[name] = value;
    isEmpty = false;
  }
  return isEmpty ? given : check(shape, given);
}

/** @throws StepwellError `PARAMETER_INVALID` */
function check(shape: z.ZodType, value: unknown): unknown {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = problemsOf(parsed.error);
  throw new StepwellError(
    'PARAMETER_INVALID',
    `A parameter is not as it should be: ${sentenceOf(problems)}.`,
    {
      data: problems,
    },
  );
}

/** A parameter that is given once, and says something. */
export const Text = z.string('is given more than once').min(1, 'is empty');

export function wholeNumber(least: number, most: number): z.ZodType<number, string> {
  const wanted = `is not a whole number from ${least} to ${most}`;
  return z
    .string(wanted)
    .regex(/^\d{1,16}$/, wanted)
    .transform(Number)
    .refine((value) => value >= least && value <= most, wanted)
    .meta({ type: 'integer', minimum: least, maximum: most });
}

/** Milliseconds since 1970, or a date and time with its time zone. */
export const Time = z
  .union(
    [
      z
        .string()
        .regex(/^\d{1,15}$/)
        .transform(Number),
      z.iso.datetime({ offset: true }).transform(Date.parse),
    ],
    'is neither milliseconds since 1970 nor a time such as 2026-01-31T12:00:00Z',
  )
  .meta({ type: 'string', description: 'Milliseconds since 1970, or a time such as 2026-01-31T12:00:00Z' });

/** Several values of one parameter: `status=failed,stuck` and `status=failed&status=stuck` say the same. */
export function listOf<T extends string>(value: z.ZodType<T, string>): z.ZodType<T[], unknown> {
  return z
    .union([z.string(), z.array(z.string())])
    .transform((given) => [given].flat().flatMap((text) => text.split(',')))
    .pipe(z.array(value));
}

export function duration(longest: number): z.ZodType<number, unknown> {
  const described = `is not a duration such as 30s, up to ${longest / 1_000}s`;
  return Text.transform((text, ctx) => {
    const ms = millisecondsOrNull(text);
    if (ms !== null && ms <= longest) return ms;
    ctx.addIssue(described);
    return z.NEVER;
  }).meta({ type: 'string', description: `A duration such as 30s, up to ${longest / 1_000}s` });
}

function millisecondsOrNull(text: string): number | null {
  try {
    return milliseconds(text);
  } catch {
    return null;
  }
}
