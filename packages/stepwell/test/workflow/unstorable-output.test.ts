import { expect, test } from 'vitest';
import { workflow } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';

test('a run that fails because its output cannot be kept is undone like any other', async () => {
  const undone: string[] = [];
  const trip = workflow('trip', async (ctx) => {
    await ctx.step('book', { undo: (seat: string) => void undone.push(seat) }, () => 'seat 4A');
    return { until: new Date(0) };
  });
  await using engine = await testEngine({ workflows: [trip] });
  await expect(engine.run(trip, undefined)).rejects.toMatchObject({ code: 'VALUE_NOT_JSON' });
  expect(undone).toEqual(['seat 4A']);
});
