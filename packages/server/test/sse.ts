import { gather } from '../../stepwell/test/gather.ts';

/** One block of an event stream. */
export interface Frame<Id = number> {
  readonly id?: Id;
  readonly event?: string;
  readonly data?: unknown;
  readonly comment?: string;
}

/** The frames of an event stream as they come. Leaving the loop cancels the stream, as a client that goes away does. */
export function frames(response: Response): AsyncGenerator<Frame, void>;
export function frames<Id>(response: Response, idOf: (text: string) => Id): AsyncGenerator<Frame<Id>, void>;
export async function* frames<Id>(
  response: Response,
  idOf: (text: string) => Id = Number as unknown as (text: string) => Id,
): AsyncGenerator<Frame<Id>, void> {
  if (response.body === null) throw new Error('The response has no body.');
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      yield frameOf(text.slice(0, end), idOf);
      text = text.slice(end + 2);
    }
  }
  if (text !== '') throw new Error(`The stream ended within a frame: ${text}`);
}

export async function allFrames(response: Response): Promise<Frame[]> {
  return gather(frames(response));
}

export function idsOf(list: readonly Frame[]): number[] {
  return list.flatMap(({ id }) => id ?? []);
}

function frameOf<Id>(block: string, idOf: (text: string) => Id): Frame<Id> {
  const frame: { -readonly [K in keyof Frame<Id>]: Frame<Id>[K] } = {};
  for (const line of block.split('\n')) {
    const [, field, value] = /^(\w*): (.*)$/.exec(line) ?? [];
    if (field === 'id') frame.id = idOf(value!);
    else if (field === 'event') frame.event = value!;
    else if (field === 'data') frame.data = JSON.parse(value!);
    else if (field === '') frame.comment = value!;
    else throw new Error(`Not a line of an event stream: ${line}`);
  }
  return frame;
}
