import type { Context } from 'hono';
import { StepwellError } from 'stepwell';
import type { Api } from '../api.ts';

/**
 * The bytes of a body as they come. It may take as long as it likes, but not fall silent.
 * @throws StepwellError `BODY_INVALID` if it breaks off, `REQUEST_TIMED_OUT`
 */
export async function* uploadOf(c: Context, { limits, timer }: Api): AsyncGenerator<Uint8Array> {
  const reader = c.req.raw.body?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const late = Promise.withResolvers<never>();
      const prevent = timer(limits.uploadSilence, () => late.reject(silent(limits.uploadSilence)));
      try {
        const { done, value } = await Promise.race([reader.read(), late.promise]);
        if (done) return;
        yield value as Uint8Array;
      } finally {
        prevent();
      }
    }
  } catch (cause) {
    if (cause instanceof StepwellError) throw cause;
    throw new StepwellError('BODY_INVALID', 'The body broke off before its end. Send it again.', { cause });
  } finally {
    // What has not been read is not wanted.
    await reader.cancel().catch(() => {});
  }
}

function silent(limit: number): StepwellError {
  return new StepwellError(
    'REQUEST_TIMED_OUT',
    `No byte of the upload came for ${limit} ms. Send it again.`,
    {
      data: { limit },
    },
  );
}
