import { styleText } from 'node:util';
import type { Misfit } from 'stepwell/testing';

/** Both sides of a misfit, for people. */
export function sidesOf({ reason, message, journal, code }: Misfit): string[] {
  if (reason === 'PAYLOAD_NOT_LOADED') return [`  ${message}`, `  ${NOT_CHECKED}`];
  if (journal === null && code === null) return [`  ${message}`];
  const recorded =
    journal === null
      ? 'nothing more in this place'
      : `${journal.end ?? describe(journal)} at position ${journal.position}`;
  const asked =
    code === null
      ? 'does not ask for it'
      : code.end === undefined
        ? `asks for ${describe(code)}`
        : ENDS[code.end];
  const lines = [`  journal  ${recorded}`, `  code     ${asked}`];
  return reason === 'JOURNAL_MISMATCH' ? lines : [`  ${message}`, ...lines];
}

const NOT_CHECKED =
  'So it could not be checked: name the place of the artifacts with --artifacts, for a file when it is exported, or ask a server with --server.';

const ENDS = {
  returned: 'returns here',
  threw: 'throws here',
  continued: 'goes on as another run here',
  waits: 'has not come to its end',
} as const;

function describe({ kind, op }: { readonly kind?: string; readonly op?: string }): string {
  return kind === undefined ? `the outcome of "${op}"` : `${kind} "${op}"`;
}

export function paintFits(fits: boolean): string {
  return fits ? styleText('green', 'fits  ') : styleText('red', 'misfit');
}
