import { StepwellError } from 'stepwell';
import { z } from 'zod';
import { parseJson } from '../json.ts';
import { optional, problemsOf, sentenceOf } from '../shape.ts';

/** By which a client knows what an answer belongs to, and its subscriptions. */
const RequestId = z.union([z.string().min(1).max(255), z.number()]);
export type RequestId = z.infer<typeof RequestId>;

const about = { id: RequestId };
const Subscribe = z
  .strictObject({
    ...about,
    type: z.literal('subscribe'),
    run: optional(z.string().min(1)),
    workflow: optional(z.string().min(1)),
    tag: optional(z.string().min(1)),
    all: optional(z.literal(true)),
    /** The empty one is that before the oldest event that is kept. */
    after: optional(z.union([z.string().max(10_000), z.int().min(0)])),
  })
  .refine(
    ({ run, workflow, tag, all }) =>
      run !== undefined
        ? workflow === undefined && tag === undefined && all === undefined
        : all === true
          ? workflow === undefined && tag === undefined
          : workflow !== undefined || tag !== undefined,
    'names either a run, or a workflow, a tag or both, or all',
  )
  .refine(({ run, after }) => run === undefined || after === undefined || /^\d{1,15}$/.test(String(after)), {
    message: 'is not a position',
    path: ['after'],
  });

/** What a client of a WebSocket can send. `docs/guide/streams.md` shows each. */
const Message = z.discriminatedUnion('type', [
  Subscribe,
  z.strictObject({ ...about, type: z.literal('unsubscribe'), subscription: RequestId }),
  z.strictObject({
    ...about,
    type: z.literal('raise'),
    run: z.string(),
    name: z.string(),
    value: optional(z.unknown()),
    eventId: optional(z.string()),
  }),
  z.strictObject({
    ...about,
    type: z.literal('succeed'),
    callback: z.string(),
    value: optional(z.unknown()),
  }),
  z.strictObject({
    ...about,
    type: z.literal('fail'),
    callback: z.string(),
    message: z.string(),
    name: optional(z.string()),
    data: optional(z.record(z.string(), z.unknown())),
  }),
  z.strictObject({ ...about, type: z.literal('heartbeat'), callback: z.string() }),
]);
export type Message = z.infer<typeof Message>;
export type MessageOf<T extends Message['type']> = Extract<Message, { type: T }>;

/** A message that is wrong, with the id to answer under if it has one. */
export class MessageRefused {
  readonly id: RequestId | null;
  readonly error: StepwellError;

  constructor(id: RequestId | null, error: StepwellError) {
    this.id = id;
    this.error = error;
  }
}

export function readMessage(text: string): Message | MessageRefused {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    const { message } = error as StepwellError;
    return new MessageRefused(null, refused(message.replace('The body', 'The message')));
  }
  const parsed = Message.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = problemsOf(parsed.error);
  const id = RequestId.safeParse((value as { id?: unknown } | null)?.id);
  return new MessageRefused(
    id.success ? id.data : null,
    refused(`The message is not as it should be: ${sentenceOf(problems)}.`, problems),
  );
}

export function refused(message: string, data?: unknown): StepwellError {
  return new StepwellError('MESSAGE_INVALID', message, { data });
}
