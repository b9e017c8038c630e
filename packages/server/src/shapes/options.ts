import { z } from 'zod';
import { optional } from '../shape.ts';

/** What the text says is checked where it is used. */
export const Duration = z
  .union([z.number(), z.string()], 'is neither milliseconds nor text such as "30s"')
  .meta({ description: 'Milliseconds, or text such as 30s' });

/** In a body: milliseconds since 1970, or a date and time with its time zone. */
export const Moment = z
  .union(
    [z.number(), z.iso.datetime({ offset: true }).transform(Date.parse)],
    'is neither milliseconds since 1970 nor a time such as "2026-01-31T12:00:00Z"',
  )
  .meta({ description: 'Milliseconds since 1970, or a time such as 2026-01-31T12:00:00Z' });

/** `.` and `..` mean something else in a path, even percent-encoded: such a run could not be asked for. */
export const RunId = z.string().refine((id) => id !== '.' && id !== '..', 'cannot be "." or ".."');

/** Of a call: the same id again is the same call. */
export const CallId = z
  .string()
  .meta({ description: 'The same id again is the same call; default: made of the Idempotency-Key' });

/** Why something was done, for people. */
export const Reason = z.strictObject({ reason: optional(z.string()) });

/** The same, and by whom. */
export const Pause = Reason.extend({ by: optional(z.string()) });
