import type { Context } from 'hono';
import { StepwellError } from 'stepwell';
import { z } from 'zod';
import type { Api } from './api.ts';
import { parseJson } from './json.ts';
import { problemsOf, sentenceOf } from './shape.ts';

/** For requests that need to say nothing more than their path does. */
const NoBody = z.strictObject({});

/**
 * The value of a JSON body; no body at all is `{}`. Keys that the shape does not know are refused.
 * The content type is not looked at, so that `curl -d '{…}'` works as it stands.
 * @throws StepwellError `BODY_INVALID` with the path of each offending value
 */
export function jsonOf(body: Uint8Array, shape: z.ZodType = NoBody): unknown {
  const text = decode(body);
  const parsed = shape.safeParse(text.trim() === '' ? {} : parseJson(text));
  if (parsed.success) return parsed.data;
  const problems = problemsOf(parsed.error);
  throw new StepwellError('BODY_INVALID', `The body is not as it should be: ${sentenceOf(problems)}.`, {
    data: problems,
  });
}

/**
 * All bytes of a body, if they are there in time.
 * @throws StepwellError `BODY_TOO_LARGE`, `BODY_INVALID`, `REQUEST_TIMED_OUT`
 */
export async function readBytes(
  c: Context,
  { limits, timer }: Pick<Api, 'limits' | 'timer'>,
): Promise<Uint8Array> {
  const late = Promise.withResolvers<never>();
  const prevent = timer(limits.bodyTimeout, () => late.reject(tooSlow(limits.bodyTimeout)));
  try {
    return await Promise.race([bytesOf(c.req.raw, limits.bodyBytes), late.promise]);
  } catch (cause) {
    if (cause instanceof StepwellError) throw cause;
    throw new StepwellError('BODY_INVALID', 'The body broke off before its end. Send it again.', { cause });
  } finally {
    prevent();
  }
}

/** HTTP holds a body to the length that it announces; one without is counted as it comes. */
async function bytesOf(request: Request, limit: number): Promise<Uint8Array> {
  const announced = request.headers.get('content-length');
  if (Number(announced ?? 0) > limit) throw tooLarge(limit);
  // In one piece: a start takes 0.2 ms of CPU instead of the 0.4 ms with a stream.
  if (announced !== null) return new Uint8Array(await request.arrayBuffer());
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooSlow(limit: number): StepwellError {
  return new StepwellError('REQUEST_TIMED_OUT', `The body was not there within ${limit} ms. Send it again.`, {
    data: { limit },
  });
}

function tooLarge(limit: number): StepwellError {
  return new StepwellError(
    'BODY_TOO_LARGE',
    `The body is larger than ${limit} bytes. Keep large data elsewhere and send a reference to it.`,
    { data: { limit } },
  );
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new StepwellError('BODY_INVALID', 'The body is not valid UTF-8, which JSON must be.');
  }
}
