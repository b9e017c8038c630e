import { seal, unseal, type Codec, type Payload } from './codec.ts';
import { StepwellError } from './errors.ts';
import { encodeJson, type Json } from './json.ts';
import type { Limits } from './limits.ts';

/** The border between values and what is stored of them. */
export class Payloads {
  readonly codec: Codec | null;
  readonly #mostBytes: number;

  constructor(codec: Codec | null, limits: Limits) {
    this.codec = codec;
    this.#mostBytes = limits.payloadBytes;
  }

  /**
   * A snapshot of a value: what happens to the value afterwards does not reach the journal.
   * @param what names the value in errors
   * @throws StepwellError `VALUE_NOT_JSON` or `PAYLOAD_TOO_LARGE`
   */
  encode(value: unknown, what: string): Payload | undefined {
    const text = encodeJson(value, what);
    if (text === undefined) return undefined;
    // A character is at most three bytes: only a text that could be too large is measured.
    if (text.length * 3 > this.#mostBytes && Buffer.byteLength(text) > this.#mostBytes) {
      throw new StepwellError(
        'PAYLOAD_TOO_LARGE',
        `The ${what} has ${Buffer.byteLength(text)} bytes as JSON; the limit payloadBytes is ${this.#mostBytes}. ` +
          'Keep large data elsewhere and give its address, or raise the limit.',
      );
    }
    return seal(text, this.codec);
  }

  /** The value itself, not a copy: whoever gives a payload here gives it away. */
  decode(payload: Payload | undefined): Json | undefined {
    return unseal(payload, this.codec);
  }
}
