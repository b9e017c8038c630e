import type { Json } from './json.ts';

/**
 * Turns the JSON text of a payload into what is stored, and back: the place for encryption and compression.
 * Payloads are run inputs and outputs, operation results, event and callback values, and the data of errors;
 * names, ids, times and error messages stay readable.
 */
export interface Codec {
  encode(text: string): string;
  decode(stored: string): string;
}

/** A payload as it is stored: the JSON value itself, or, with a codec, `{ $coded: text }`. */
export type Payload = Json;

const CODED = '$coded';

/** What to store for a JSON text. */
export function seal(text: string, codec: Codec | null): Payload {
  return codec === null ? (JSON.parse(text) as Json) : { [CODED]: codec.encode(text) };
}

/** The value of a stored payload. Values stored before a codec was given are still read. */
export function unseal(payload: Payload | undefined, codec: Codec | null): Json | undefined {
  if (codec === null || payload === undefined || !isCoded(payload)) return payload;
  return JSON.parse(codec.decode(payload[CODED])) as Json;
}

function isCoded(payload: Payload): payload is { [CODED]: string } {
  return (
    typeof payload === 'object' &&
    payload !== null &&
    !Array.isArray(payload) &&
    typeof (payload as Record<string, Json>)[CODED] === 'string' &&
    Object.keys(payload).length === 1
  );
}
