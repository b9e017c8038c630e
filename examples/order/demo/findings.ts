import type { RunEvent, RunInfo } from 'stepwell';
import type { Entry } from '../ledger.ts';

/** One thing that must be so, and what was seen of it. */
export interface Finding {
  readonly expected: string;
  readonly seen: string;
  readonly holds: boolean;
}

export interface Evidence {
  readonly run: RunInfo;
  /** What the stream told, over all its connections. */
  readonly events: readonly RunEvent[];
  readonly ledger: {
    readonly charges: readonly Entry[];
    readonly refunds: readonly Entry[];
    readonly mails: readonly Entry[];
  };
  readonly requests: readonly Entry[];
  /** What the shop itself has to say. */
  readonly ofShop: readonly Finding[];
}

/** The run tells one side of the story, the ledger of the world outside the other. */
export function findings(
  { run, events, ledger, requests, ofShop }: Evidence,
  customer: string,
  amount: number,
): Finding[] {
  const output = run.output as { status?: string } | undefined;
  const charged = ledger.charges.map((entry) => (entry.request as { amount: number }).amount);
  const chargeRequests = requests.filter(({ service }) => service === 'charge').length;
  const told = ledger.mails.filter((entry) => (entry.request as { to: string }).to === customer).length;
  const positions = events.map(({ position }) => position);
  return [
    ...ofShop,
    finding(
      'the order ended as paid',
      output?.status === 'paid',
      `${run.status}, ${JSON.stringify(run.output ?? run.error)}`,
    ),
    finding(
      `the card was charged exactly once, ¥${amount.toLocaleString('en-US')}, although it was asked for more than once`,
      charged.length === 1 && charged[0] === amount && chargeRequests > 1 && ledger.refunds.length === 0,
      `${chargeRequests} requests, charges ${JSON.stringify(charged)}, ${ledger.refunds.length} refunds`,
    ),
    finding('the customer was told exactly once', told === 1, `${told} mails`),
    finding(
      'the timeline has every event exactly once',
      positions.length > 0 && positions.every((position, index) => position === index),
      `positions ${positions.join(' ')}`,
    ),
  ];
}

export function finding(expected: string, holds: boolean, seen: string): Finding {
  return { expected, holds, seen };
}
