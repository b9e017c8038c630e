import type { RunEvent, RunInfo } from 'stepwell';
import { expect, test } from 'vitest';
import { type Evidence, finding, findings } from '../demo/findings.ts';
import type { Entry } from '../ledger.ts';

const CUSTOMER = 'mari@example.com';

const entry = (service: Entry['service'], request: object): Entry => ({
  at: 0,
  service,
  key: 'k',
  outcome: 'done',
  answer: 201,
  request,
});
const charge = entry('charge', { amount: 500 });
const mail = entry('mail', { to: CUSTOMER });
const event = (position: number) => ({ position }) as RunEvent;

const good: Evidence = {
  run: { status: 'succeeded', output: { status: 'paid' } } as unknown as RunInfo,
  events: [event(0), event(1)],
  ledger: { charges: [charge], refunds: [], mails: [entry('mail', { to: 'manager' }), mail] },
  requests: [{ ...charge, outcome: 'refused' }, charge],
  ofShop: [],
};

const failing = (evidence: Evidence) =>
  findings(evidence, CUSTOMER, 500)
    .filter(({ holds }) => !holds)
    .map(({ expected }) => expected);

test('a good ending has nothing against it', () => {
  expect(failing(good)).toEqual([]);
});

const { ledger } = good;
test.each<[string, Partial<Evidence>, string]>([
  ['what the shop itself has seen', { ofShop: [finding('killed twice', false, 'once')] }, 'killed twice'],
  ['another ending', { run: { output: { status: 'declined' } } as unknown as RunInfo }, 'ended as paid'],
  ['a second charge', { ledger: { ...ledger, charges: [charge, charge] } }, 'charged exactly once'],
  ['no charge', { ledger: { ...ledger, charges: [] } }, 'charged exactly once'],
  [
    'another amount',
    { ledger: { ...ledger, charges: [entry('charge', { amount: 5 })] } },
    'charged exactly once',
  ],
  ['a refund', { ledger: { ...ledger, refunds: [entry('refund', {})] } }, 'charged exactly once'],
  ['a payment that was never retried', { requests: [charge] }, 'charged exactly once'],
  ['a second mail', { ledger: { ...ledger, mails: [mail, mail] } }, 'told exactly once'],
  ['a hole in the timeline', { events: [event(0), event(2)] }, 'every event exactly once'],
  ['an event twice', { events: [event(0), event(0)] }, 'every event exactly once'],
  ['an empty timeline', { events: [] }, 'every event exactly once'],
])('%s is found', (_, change, expected) => {
  expect(failing({ ...good, ...change })).toEqual([expect.stringContaining(expected)]);
});
