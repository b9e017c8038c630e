import type { Payload } from '../model/codec.ts';
import { StepwellError } from '../model/errors.ts';
import { isSettlement, JOURNAL_FORMAT, type JournalEvent, type SettlementEvent } from '../model/event.ts';
import type { Payloads } from '../model/payload.ts';
import { RecordedTurn } from '../replay/turn.ts';
import type { Activation } from './activation.ts';
import type { ActivationHost } from './host.ts';
import type { Input } from './runtime.ts';

/** Inputs after which a replay lets other work of the process have its turn: about a millisecond. */
const INPUTS_AT_ONCE = 500;

/**
 * Feeds the journal to the execution, one input at a time, and compares what it asks for with what is recorded.
 * @throws StepwellError `JOURNAL_MISMATCH` or `JOURNAL_TOO_NEW`
 */
export async function replay(activation: Activation, host: ActivationHost): Promise<void> {
  const { entries } = host;
  let inputs = 0;
  let index = 0;
  while (index < entries.length) {
    const entry = entries[index]!;
    const input = inputOf(activation, entry.event, entry.position, entry.at);
    index++;
    if (input === null) continue;
    let end = index;
    while (end < entries.length && !isInput(entries[end]!.event)) end++;
    const isLast = end === entries.length;
    const turn = new RecordedTurn(entries.slice(index, end), isLast);
    await host.replayTurn(turn, { at: entry.at, isLast }, () => advance(activation, input));
    if (++inputs % INPUTS_AT_ONCE === 0)
      await new Promise<void>((resolve) => activation.around.system.soon(resolve));
    if (activation.phase === 'over') return;
  }
}

function advance(activation: Activation, input: Input): Promise<void> {
  return new Promise((blocked) => activation.execution!.advance(input, blocked));
}

/** Whether the function sees the event. */
function isInput({ type }: JournalEvent): boolean {
  return (
    type === 'run.started' ||
    type === 'operation.succeeded' ||
    type === 'operation.failed' ||
    type === 'run.cancel_requested'
  );
}

/** Takes an event into the state; the answer is what the function is to see of it. */
function inputOf(activation: Activation, event: JournalEvent, position: number, at: number): Input | null {
  const { around } = activation;
  // What the function asks for is taken in when it asks, so that the state never runs ahead of it.
  if (event.type === 'operation.started') return null;
  if (event.type === 'run.activated' && event.format > JOURNAL_FORMAT) throw tooNew(event.format);
  if (isSettlement(event) && !activation.state.pending.has(event.op)) {
    throw new StepwellError(
      'JOURNAL_MISMATCH',
      `The code does not fit the journal. The journal has, at position ${position}, the outcome of "${event.op}"; the code has not asked for it. ` +
        'Deploy code that fits (the run then goes on by itself).',
      { data: { journal: { position, op: event.op }, code: null } },
    );
  }
  const value = activation.absorb(event, position, at);
  switch (event.type) {
    case 'run.started':
      activation.started = true;
      return { type: 'start', input: activation.input() };
    case 'operation.succeeded':
    case 'operation.failed':
      return asInput(event, value, around.payloads);
    case 'run.cancel_requested':
      return { type: 'cancel', cause: event.cause, reason: event.reason };
    default:
      return null;
  }
}

/** A settlement as the function sees it. @param value the event's, or the one that it points to in the journal */
export function asInput(event: SettlementEvent, value: Payload | undefined, payloads: Payloads): Input {
  const settlement =
    event.type === 'operation.succeeded'
      ? ({ ok: true, value: payloads.decode(value) } as const)
      : ({ ok: false, error: event.error } as const);
  return { type: 'settled', op: event.op, settlement };
}

function tooNew(format: number): StepwellError {
  return new StepwellError(
    'JOURNAL_TOO_NEW',
    `The journal was written in format ${format}; this engine knows formats up to ${JOURNAL_FORMAT}. Run it with a newer Stepwell.`,
  );
}
