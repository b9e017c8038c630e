import { expect, test } from 'vitest';
import { workflow } from '../../src/index.ts';
import { testEngine } from '../../src/testing/index.ts';
import { errorOf, everyLife, RUN } from './lives.ts';

test('a step gives what its body returned or resolved with', async () => {
  const flow = workflow('flow', async (ctx, input: { n: number }) => {
    const one = await ctx.step('plain', () => input.n + 1);
    const two = await ctx.step('async', async () => ({ doubled: one * 2 }));
    await ctx.sleep('1h');
    const nothing = await ctx.step('nothing', () => {});
    return { one, two, nothing: nothing === undefined };
  });
  const life = await everyLife(flow, { n: 1 });
  expect(life.output).toEqual({ one: 2, two: { doubled: 4 }, nothing: true });
  expect(life.bodies).toEqual({ 'flow plain': 1, 'flow async': 1, 'flow nothing': 1 });
});

test('steps of one name are told apart by the order in which they are asked for', async () => {
  const flow = workflow('flow', async (ctx) => {
    const keys: string[] = [];
    for (let n = 0; n < 3; n++) keys.push(await ctx.step('again', ({ idempotencyKey }) => idempotencyKey));
    return keys;
  });
  const life = await everyLife(flow, undefined);
  expect(life.output).toEqual([`${RUN}/again`, `${RUN}/again#2`, `${RUN}/again#3`]);
});

test('a step that fails gives its error: class, name, message, cause, code and own properties', async () => {
  const flow = workflow('flow', async (ctx) => {
    try {
      return await ctx.step('fail', () => {
        const cause = new TypeError('the root');
        throw Object.assign(new RangeError('too far', { cause }), { code: 'E_FAR', far: { km: 12 } });
      });
    } catch (error) {
      await ctx.sleep('1d');
      const { name, message, code, far, cause } = error as RangeError & { code: string; far: object };
      const root = cause as Error;
      const known = error instanceof RangeError && root instanceof TypeError;
      return { name, message, code, far, known, cause: root.message, stack: typeof root.stack };
    }
  });
  const life = await everyLife(flow, undefined);
  expect(life.output).toEqual({
    name: 'RangeError',
    message: 'too far',
    code: 'E_FAR',
    far: { km: 12 },
    known: true,
    cause: 'the root',
    stack: 'string',
  });
  expect(life.bodies).toEqual({ 'flow fail': 1 });
});

test('an error of an own class comes back as one, if the class is registered', async () => {
  class PaymentDeclined extends Error {
    override name = 'PaymentDeclined';
    readonly reason: string;
    constructor(reason: string) {
      super(`declined: ${reason}`);
      this.reason = reason;
    }
  }
  class NoOwnName extends Error {}
  const flow = workflow('flow', { errors: [PaymentDeclined, NoOwnName] }, async (ctx) => {
    const seen: unknown[] = [];
    for (const error of [new PaymentDeclined('empty'), new NoOwnName('plain')]) {
      await ctx
        .step('fail', () => Promise.reject(error))
        .catch((caught: Error & { reason?: string }) =>
          seen.push(caught instanceof error.constructor, caught.name, caught.message, caught.reason ?? null),
        );
    }
    await ctx.sleep(1);
    return seen;
  });
  const life = await everyLife(flow, undefined);
  expect(life.output).toEqual([
    true,
    'PaymentDeclined',
    'declined: empty',
    'empty',
    true,
    'NoOwnName',
    'plain',
    null,
  ]);
});

test('a value that is thrown and is no Error arrives as VALUE_THROWN with the value', async () => {
  const flow = workflow('flow', async (ctx) => {
    const seen: unknown[] = [];
    for (const value of ['text', 42, null, { a: 1 }, undefined]) {
      await ctx
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- that is what is tested
        .step('throw', () => Promise.reject(value))
        .catch(({ code, data }) => seen.push([code, data ?? null]));
    }
    await ctx.sleep('1m');
    return seen;
  });
  const life = await everyLife(flow, undefined);
  expect(life.output).toEqual([
    ['VALUE_THROWN', 'text'],
    ['VALUE_THROWN', 42],
    ['VALUE_THROWN', null],
    ['VALUE_THROWN', { a: 1 }],
    ['VALUE_THROWN', null],
  ]);
});

test('an error with a strange name, message or property is kept as far as it can be', async () => {
  const flow = workflow('flow', async (ctx) => {
    const strange = Object.assign(new Error('x'), { name: 42, big: 1n, fine: 1 });
    Object.defineProperty(strange, 'trap', {
      enumerable: true,
      get: () => {
        throw new Error('trapped');
      },
    });
    return ctx
      .step('fail', () => Promise.reject(strange))
      .catch(({ name, fine, big }) => ({ name, fine, big }));
  });
  expect((await everyLife(flow, undefined)).output).toEqual({ name: '42', fine: 1 });
});

test('a result that JSON cannot hold fails the step with the path of the value', async () => {
  const cycle: { self?: object } = {};
  cycle.self = cycle;
  const flow = workflow('flow', async (ctx) => {
    const messages: string[] = [];
    for (const value of [
      { list: [1, new Date(0)] },
      { big: 1n },
      cycle,
      [undefined],
      Number.NaN,
      new Map(),
    ]) {
      await ctx
        .step('bad', () => value as unknown)
        .catch(({ code, message }) => messages.push(`${code} ${message}`));
    }
    return messages;
  });
  const { output } = await everyLife(flow, undefined);
  expect(output).toEqual([
    expect.stringMatching(/^VALUE_NOT_JSON .*"bad".*\$\.list\[1\] is a Date/),
    expect.stringMatching(/^VALUE_NOT_JSON .*"bad#2".*\$\.big is a bigint/),
    expect.stringMatching(/\$\.self refers back/),
    expect.stringMatching(/\$\[0\] is undefined/),
    expect.stringMatching(/\$ is NaN/),
    expect.stringMatching(/\$ is an instance of Map/),
  ]);
});

test('what the body does with its result afterwards does not reach the workflow', async () => {
  const flow = workflow('flow', async (ctx) => {
    const mine = { n: 1 };
    const given = await ctx.step('give', () => mine);
    mine.n = 2;
    return given.n;
  });
  expect((await everyLife(flow, undefined)).output).toBe(1);
});

test('a thousand steps side by side', async () => {
  const flow = workflow('flow', async (ctx) => {
    const all = await Promise.all(Array.from({ length: 1_000 }, (_, n) => ctx.step('one', () => n)));
    await ctx.sleep('1h');
    return all.reduce((sum, n) => sum + n, 0);
  });
  await using engine = await testEngine({ workflows: [flow], worker: { parked: 0 } });
  expect(await engine.run(flow, undefined)).toBe(499_500);
});

test('a step without a body, or with a name that names cannot have, is refused', async () => {
  const flow = workflow('flow', async (ctx, name: string) => ctx.step(name, () => 1));
  const bodiless = workflow('bodiless', async (ctx) => ctx.step('x', undefined as never));
  await using engine = await testEngine({ workflows: [flow, bodiless] });
  for (const name of ['', 'a/b', 'a#2', ' a', 'a\n', 'x'.repeat(201), '\ud800']) {
    expect(await errorOf(engine.run(flow, name))).toMatchObject({ code: 'NAME_INVALID' });
  }
  expect(await engine.run(flow, 'x'.repeat(200))).toBe(1);
  expect(await engine.run(flow, 'Grüße 注文 ✓')).toBe(1);
  expect(await errorOf(engine.run(bodiless, undefined))).toMatchObject({ code: 'OPTION_INVALID' });
});

test('a step that nobody awaits may fail without harm', async () => {
  const flow = workflow('flow', async (ctx) => {
    void ctx.step('ignored', () => Promise.reject(new Error('nobody cares')));
    await ctx.sleep('1m');
    return 'fine';
  });
  expect((await everyLife(flow, undefined)).output).toBe('fine');
});

test('the log of a body is in the journal, under its operation', async () => {
  const flow = workflow('flow', async (ctx) => {
    await ctx.step('talk', ({ log }) => log.warn('careful', { with: ['this'] }));
  });
  const { events } = await everyLife(flow, undefined);
  expect(events.filter(({ type }) => type === 'log')).toEqual([
    { type: 'log', level: 'warn', message: 'careful', data: { with: ['this'] }, op: 'talk' },
  ]);
});
