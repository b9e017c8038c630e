import type { Context } from 'hono';
import type { IncomingMessage } from 'node:http';
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
 * All bytes of a body, if they are there in time. HTTP holds it to the length that it announces; one without is counted
 * as it comes.
 * @throws StepwellError `BODY_TOO_LARGE`, `BODY_INVALID`, `REQUEST_TIMED_OUT`
 */
export async function readBytes(
  c: Context,
  { limits, timer }: Pick<Api, 'limits' | 'timer'>,
): Promise<Uint8Array> {
  const { bodyBytes, bodyTimeout } = limits;
  if (Number(c.req.header('content-length') ?? 0) > bodyBytes) throw tooLarge(bodyBytes);
  const late = Promise.withResolvers<never>();
  const prevent = timer(bodyTimeout, () => late.reject(tooSlow(bodyTimeout)));
  const { incoming } = (c.env ?? {}) as { incoming?: IncomingMessage };
  try {
    const bytes = incoming === undefined ? bytesOf(c.req.raw, bodyBytes) : bytesOfSocket(incoming, bodyBytes);
    return await Promise.race([bytes, late.promise]);
  } catch (cause) {
    if (cause instanceof StepwellError) throw cause;
    throw new StepwellError('BODY_INVALID', 'The body broke off before its end. Send it again.', { cause });
  } finally {
    prevent();
  }
}

async function bytesOf(request: Request, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The same without the streams of a `Request` in between, which take as long as all else that a start takes here. */
function bytesOfSocket(incoming: IncomingMessage, limit: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size > limit) reject(tooLarge(limit));
      else chunks.push(chunk);
    });
    incoming.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    incoming.once('error', reject);
    // It comes after each body, too: an error with its stack is made only if it is one.
    incoming.once('close', () => incoming.readableEnded || reject(new Error('The connection was closed.')));
  });
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

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new StepwellError('BODY_INVALID', 'The body is not valid UTF-8, which JSON must be.');
  }
}
