import type { AnyDefinition } from '../../../packages/stepwell/src/workflow/definition.ts';
import type { Ctx, StepBody, StepOptions } from '../../../packages/stepwell/src/workflow/context.ts';

type Options = StepOptions<unknown>;
type Body = StepBody<unknown>;

/** The workflow with other steps at its outermost level. */
function withSteps(
  definition: AnyDefinition,
  spoilerOf: () => (options: Options, body: Body) => [Options, Body],
): AnyDefinition {
  return {
    ...definition,
    fn: (ctx: Ctx, input: never) => {
      const spoil = spoilerOf();
      const step = (name: string, ...rest: [Body] | [Options, Body]) => {
        const [options, body] = rest.length === 1 ? [{}, rest[0]] : rest;
        return ctx.step(name, ...spoil(options, body));
      };
      return definition.fn(overlaid(ctx, { step }), input);
    },
  };
}

/** The same thing with some of its members replaced. */
function overlaid<T extends object>(thing: T, members: Partial<T>): T {
  return new Proxy(thing, {
    get(_, name) {
      if (name in members) return Reflect.get(members, name);
      const member: unknown = Reflect.get(thing, name, thing);
      return typeof member === 'function' ? member.bind(thing) : member;
    },
  });
}

/** There is room for one undo handler only. */
export function oneUndo(definition: AnyDefinition): AnyDefinition {
  return withSteps(definition, () => {
    let taken = false;
    return (options, body) => {
      const { undo, ...rest } = options;
      if (undo === undefined || !taken) {
        taken ||= undo !== undefined;
        return [options, body];
      }
      return [rest, body];
    };
  });
}

/** Every attempt has an idempotency key of its own. */
export function keyOfEachAttempt(definition: AnyDefinition): AnyDefinition {
  return withSteps(definition, () => (options, body) => [
    options,
    (io) => body(overlaid(io, { idempotencyKey: `${io.idempotencyKey}~${io.attempt}` })),
  ]);
}
