import { expect, test } from 'vitest';
import { textOf } from '../../src/engine/event-text.ts';
import type { JournalEvent } from '../../src/model/event.ts';

test.each<JournalEvent>([
  { type: 'operation.started', op: 'charge', kind: 'step' },
  { type: 'operation.started', op: 'a "quoted" 名前\u2028/item#2', kind: 'step' },
  { type: 'operation.started', op: 'charge', kind: 'step', atMostOnce: true },
  { type: 'operation.started', op: 'charge', kind: 'step', held: true },
  { type: 'operation.started', op: 'pause', kind: 'sleep', until: 1 },
  { type: 'operation.succeeded', op: 'charge', value: { paid: ['¥', null, -0.5] } },
  { type: 'operation.succeeded', op: 'a "quoted" name', value: null },
  { type: 'operation.succeeded', op: 'charge' },
  { type: 'operation.succeeded', op: 'charge', from: 3 },
  { type: 'status', text: 'fine' },
])('the text of $type is what JSON makes of it (%#)', (event) => {
  expect(textOf(event)).toBe(JSON.stringify(event));
});
