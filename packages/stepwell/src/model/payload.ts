import { seal, unseal, type Codec, type Payload } from './codec.ts';
import { StepwellError } from './errors.ts';
import { failureOf } from './failure.ts';
import { copyJson, type Json } from './json.ts';
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
    if (value === undefined) return undefined;
    const { json, mostBytes } = copyJson(value, what);
    if (this.codec === null && mostBytes <= this.#mostBytes) return json;
    const text = JSON.stringify(json);
    const bytes = Buffer.byteLength(text);
    if (bytes > this.#mostBytes) {
      throw new StepwellError(
        'PAYLOAD_TOO_LARGE',
        `The ${what} has ${bytes} bytes as JSON; the limit payloadBytes is ${this.#mostBytes}. ` +
          'Keep large data elsewhere and give its address, or raise the limit.',
      );
    }
    return this.codec === null ? json : seal(text, this.codec);
  }

  /**
   * What a log line keeps of a value, whatever it is: of an error what a journal keeps of one, of what JSON cannot hold
   * only why. A line that tells of a failure must not be the next one.
   */
  encodeForLog(value: unknown): Payload | undefined {
    try {
      return this.encode(value instanceof Error ? failureOf(value) : value, 'data of a log line');
    } catch (error) {
      return this.encode(
        { notKept: error instanceof Error ? error.message : String(error) },
        'data of a log line',
      );
    }
  }

  /** The value itself, not a copy: whoever gives a payload here gives it away. */
  decode(payload: Payload | undefined): Json | undefined {
    return unseal(payload, this.codec);
  }
}
