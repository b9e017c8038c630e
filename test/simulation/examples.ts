// The workflows of examples/, as somebody runs them whose services answer at once: the bodies of their steps are
// replaced, all else is the example as it stands. Their services count what took effect by idempotency key.

import { PaymentDeclined, ServiceUnavailable } from '../../examples/order/services.ts';
import { APPROVAL_FROM, order } from '../../examples/order/workflow.ts';
import type { AnyDefinition, StepIO } from '../../packages/stepwell/src/index.ts';
import type { Commit } from '../../packages/stepwell/src/model/event.ts';
import type { Json } from '../../packages/stepwell/src/model/json.ts';
import type { RunKey, RunRecord } from '../../packages/stepwell/src/model/run.ts';
import type { Hands } from './interpret.ts';
import type { Action } from './program.ts';

/** One way through an example. */
export interface Example {
  readonly workflow: AnyDefinition;
  readonly input: Json;
  /** What the steps give, by operation id. */
  readonly bodies: Readonly<Record<string, (io: StepIO, hands: Hands) => Json>>;
  /** What is done with the callbacks that somebody is told of, by operation id. */
  readonly callbacks: Readonly<Record<string, Extract<Action, { do: 'callback' }>>>;
  /** What the run gives in the end, and the operations that took effect outside: each of them exactly once. */
  readonly gives: Json;
  readonly effects: readonly string[];
  /** See `Scenario.roundsEvery`. */
  readonly roundsEvery?: number;
}

/** Of the example's services, each call (ms). */
const TAKES = 20;
const HOUR = 3_600_000;

const small = { items: [{ sku: 'film', quantity: 2, price: 900 }], total: 1_800 };
const large = { items: [{ sku: 'camera', quantity: 1, price: APPROVAL_FROM }], total: APPROVAL_FROM };
const common = { customer: 'mari@example.com' };

/** Charges, but the answer to the first request is lost: it is asked for again, under the same key. */
const charge =
  (amount: number) =>
  (io: StepIO, hands: Hands): Json => {
    hands.effect(io.idempotencyKey);
    if (hands.begun(io) === 1) throw new ServiceUnavailable('POST /charges was not answered');
    return { charge: 'charge-1', amount };
  };

const decision = { do: 'callback', name: 'approval', after: 300 } as const;

export const EXAMPLES: Readonly<Record<string, Example>> = {
  'order: paid': {
    workflow: order,
    input: { ...common, ...small },
    bodies: { 'check stock': () => [], charge: charge(small.total), notify: effect },
    callbacks: {},
    gives: { status: 'paid', payment: { charge: 'charge-1', amount: small.total } },
    effects: ['charge', 'notify'],
  },
  'order: approved': {
    workflow: order,
    input: { ...common, ...large },
    bodies: { 'check stock': () => [], charge: charge(large.total), notify: effect },
    callbacks: { approval: { ...decision, answer: 'succeed', value: { approved: true } } },
    gives: { status: 'paid', payment: { charge: 'charge-1', amount: large.total } },
    effects: ['approval/submit', 'charge', 'notify'],
  },
  'order: rejected': {
    workflow: order,
    input: { ...common, ...large },
    bodies: { 'check stock': () => [], notify: effect },
    callbacks: {
      approval: { ...decision, answer: 'succeed', value: { approved: false, reason: 'too much' } },
    },
    gives: { status: 'rejected', reason: 'too much' },
    effects: ['approval/submit', 'notify'],
  },
  'order: expired': {
    workflow: order,
    input: { ...common, ...large },
    bodies: { 'check stock': () => [], notify: effect },
    callbacks: { approval: { ...decision, answer: 'never' } },
    gives: { status: 'expired', reason: 'nobody decided within 24 hours' },
    effects: ['approval/submit', 'notify'],
    roundsEvery: 3 * HOUR,
  },
  'order: declined': {
    workflow: order,
    input: { ...common, ...small },
    bodies: {
      'check stock': () => [],
      charge: () => {
        throw new PaymentDeclined('no money');
      },
      notify: effect,
    },
    callbacks: {},
    gives: { status: 'declined' },
    effects: ['notify'],
  },
  'order: out of stock': {
    workflow: order,
    input: { ...common, ...small },
    bodies: { 'check stock': () => ['film'], notify: effect },
    callbacks: {},
    gives: { status: 'out of stock', missing: ['film'] },
    effects: ['notify'],
  },
};

function effect(io: StepIO, hands: Hands): Json {
  hands.effect(io.idempotencyKey);
  return null;
}

type JournalOf = (run: RunKey) => Promise<Commit[]>;

/** What is run in place of an example's body. */
export function bodyOfExample(
  name: string,
  run: RunRecord,
  op: string,
  { hands, journalOf }: { readonly hands: Hands; readonly journalOf: JournalOf },
): (io: StepIO) => Promise<Json> {
  const { bodies, callbacks } = EXAMPLES[name]!;
  return async (io) => {
    await hands.sleep(TAKES);
    const awaited = op.endsWith('/submit') ? op.slice(0, -'/submit'.length) : null;
    if (awaited === null) return bodies[op]!(io, hands);
    hands.submit(callbackOf(await journalOf(run.key), run.key, awaited), callbacks[awaited]!);
    return effect(io, hands);
  };
}

/** The mail that tells a person of a callback has its id, which the replaced body is not given. */
function callbackOf(journal: readonly Commit[], run: RunKey, op: string): string {
  for (const { events } of journal) {
    for (const event of events) {
      if (event.type === 'operation.started' && event.op === op && event.callback !== undefined)
        return event.callback;
    }
  }
  throw new Error(`The journal of run ${run} knows no callback "${op}".`);
}
