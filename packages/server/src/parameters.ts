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

/** A decoded part of the path. */
export function pathParameter(c: Context, name: string): string {
  const value = c.req.param(name);
  if (value === undefined) throw new Error(`The route ${c.req.path} has no parameter "${name}".`);
  return value;
}

/**
 * The parameters after `?`. Unknown ones are refused: a misspelt filter would otherwise show everything.
 * @throws StepwellError `PARAMETER_INVALID`
 */
export function readQuery<T>(c: Context, shape: z.ZodType<T>): T {
  const { searchParams } = new URL(c.req.url);
  const given = [...new Set(searchParams.keys())].map((name) => {
    const values = searchParams.getAll(name);
    return [name, values.length === 1 ? values[0] : values];
  });
  return check(shape, Object.fromEntries(given));
}

/** @throws StepwellError `PARAMETER_INVALID` */
export function check<T>(shape: z.ZodType<T>, value: unknown): T {
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

export const Text = z.string('is given more than once').min(1, 'is empty');

export function wholeNumber(least: number, most: number): z.ZodType<number, unknown> {
  const wanted = `is not a whole number from ${least} to ${most}`;
  return z
    .string(wanted)
    .regex(/^\d{1,16}$/, wanted)
    .transform(Number)
    .refine((value) => value >= least && value <= most, wanted);
}

/** Milliseconds since 1970, or a date and time with its time zone. */
export const Time = z.union(
  [
    z
      .string()
      .regex(/^\d{1,15}$/)
      .transform(Number),
    z.iso.datetime({ offset: true }).transform(Date.parse),
  ],
  {
    error: 'is neither milliseconds since 1970 nor a time such as 2026-01-31T12:00:00Z',
  },
);

export function duration(longest: number): z.ZodType<number, unknown> {
  return Text.transform((text, ctx) => {
    const ms = millisecondsOrNull(text);
    if (ms !== null && ms <= longest) return ms;
    ctx.addIssue(`is not a duration such as 30s, up to ${longest / 1_000}s`);
    return z.NEVER;
  });
}

function millisecondsOrNull(text: string): number | null {
  try {
    return milliseconds(text);
  } catch {
    return null;
  }
}
