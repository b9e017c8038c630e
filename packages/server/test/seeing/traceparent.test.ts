// The caller's trace: taken from the header of a start, and handed on to the steps of its run.

import { Stepwell, workflow } from 'stepwell';
import { expect, test } from 'vitest';
import { createApp } from '../../src/app.ts';

const CALLER = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

test('a start takes the trace of its caller; a header that is none is passed over', async () => {
  const call = workflow('call', (ctx) => ctx.step('call', ({ traceparent }) => traceparent ?? 'none'));
  await using well = await Stepwell.open({ store: 'memory:', workflows: [call] });
  const app = createApp(well);
  const outputOf = async (headers: Record<string, string>, body: object = {}) => {
    const init = { method: 'POST', headers, body: JSON.stringify(body) };
    const response = await app.request('/v1/workflows/call/runs', init);
    expect(response.status).toBe(202);
    const { id } = (await response.json()) as { id: string };
    return well.result(id);
  };
  expect(await outputOf({ traceparent: CALLER })).toBe(CALLER);
  expect(await outputOf({ traceparent: 'not one' })).toBe('none');
  expect(await outputOf({})).toBe('none');
  // What the body says is meant.
  const other = CALLER.replaceAll('a', 'c');
  expect(await outputOf({ traceparent: CALLER }, { traceparent: other })).toBe(other);
});
