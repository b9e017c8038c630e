import { StepwellError } from './errors.ts';

/** Version, trace, parent and flags (https://www.w3.org/TR/trace-context/#traceparent-header); zeros are no ids. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** @throws StepwellError `OPTION_INVALID` unless it is a `traceparent` as W3C has it */
export function checkTraceparent(traceparent: unknown, of: string): string {
  if (typeof traceparent === 'string' && TRACEPARENT.test(traceparent)) return traceparent;
  throw new StepwellError(
    'OPTION_INVALID',
    `The traceparent of ${of} is not one as W3C has it: 00-<32 hex digits>-<16 hex digits>-<2 hex digits>.`,
  );
}
