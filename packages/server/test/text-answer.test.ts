import { expect, test } from 'vitest';
import { jsonAnswer } from '../src/text-answer.ts';

test('an answer that is a text is a Response to whoever looks at it', async () => {
  const answer = jsonAnswer({ a: 'ü' }, 202, { Location: '/x' });
  expect(answer).toBeInstanceOf(Response);
  expect([answer.status, answer.ok, answer.bodyUsed]).toEqual([202, true, false]);
  expect([...answer.headers]).toEqual([
    ['content-type', 'application/json'],
    ['location', '/x'],
  ]);
  const copy = answer.clone();
  expect(await answer.json()).toEqual({ a: 'ü' });
  expect(answer.bodyUsed).toBe(true);
  expect(await copy.text()).toBe('{"a":"ü"}');
  expect(await new Response(jsonAnswer([1], 200).body).json()).toEqual([1]);
});

test('what somebody adds to it is there', () => {
  const answer = jsonAnswer({}, 200);
  answer.headers.set('x', 'y');
  expect(answer.headers.get('x')).toBe('y');
});
