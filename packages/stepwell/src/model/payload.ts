import { seal, unseal, type Codec, type Payload } from './codec.ts';
import { StepwellError } from './errors.ts';
import { failureOf } from './failure.ts';
import { copyJson, type Json } from './json.ts';
import type { Limits } from './limits.ts';
import { isReference, isReserved, notLoaded } from './reference.ts';

/** The border between values and what is stored of them. */
export class Payloads {
  readonly codec: Codec | null;
  readonly #limits: Limits;
  readonly #limit: 'payloadBytes' | 'largePayloadBytes';
  readonly #mostBytes: number;

  /** @param large those that are too large for a journal are kept elsewhere */
  constructor(codec: Codec | null, limits: Limits, large = false) {
    this.codec = codec;
    this.#limits = limits;
    this.#limit = large ? 'largePayloadBytes' : 'payloadBytes';
    this.#mostBytes = limits[this.#limit];
  }

  /**
   * A snapshot of a value: what happens to the value afterwards does not reach the journal.
   * @param what names the value in errors
   * @throws StepwellError `VALUE_NOT_JSON` or `PAYLOAD_TOO_LARGE`
   */
  encode(value: unknown, what: string): Payload | undefined {
    return this.#encode(value, what, this.#limit, this.#mostBytes);
  }

  /** As `encode`, for what is never kept elsewhere: a run's progress, the data of an error. */
  encodeShort(value: unknown, what: string): Payload | undefined {
    return this.#encode(value, what, 'payloadBytes', this.#limits.payloadBytes);
  }

  #encode(value: unknown, what: string, limit: keyof Limits, most: number): Payload | undefined {
    if (value === undefined) return undefined;
    const { json, mostBytes } = copyJson(value, what);
    if (isReserved(json)) throw reserved(what);
    if (this.codec === null && mostBytes <= most) return json;
    const text = JSON.stringify(json);
    const bytes = Buffer.byteLength(text);
    if (bytes > most) {
      throw new StepwellError(
        'PAYLOAD_TOO_LARGE',
        `The ${what} has ${bytes} bytes as JSON; the limit ${limit} is ${most}. ` +
          'Keep large data in an artifact and give its name, or raise the limit.',
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

  /**
   * The value itself, not a copy: whoever gives a payload here gives it away.
   * @throws StepwellError `PAYLOAD_NOT_LOADED`
   */
  decode(payload: Payload | undefined): Json | undefined {
    if (isReference(payload)) throw notLoaded(payload, 'it is not here');
    return unseal(payload, this.codec);
  }
}

function reserved(what: string): StepwellError {
  return new StepwellError(
    'VALUE_NOT_JSON',
    `The ${what} has the key "$stepwell" at its top, by which Stepwell knows its own references. Give the key another name.`,
  );
}
