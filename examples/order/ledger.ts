import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';

export type Service = 'stock' | 'charge' | 'refund' | 'mail';

/** One request to one of the services, and what became of it. */
export interface Entry {
  readonly at: number;
  readonly service: Service;
  /** The caller's idempotency key: under one key a service does its work at most once. */
  readonly key: string;
  /** `done`: it took effect; `repeated`: it had taken effect before, under the same key; `refused`: it did not. */
  readonly outcome: 'done' | 'repeated' | 'refused';
  /** What went back: an HTTP status, or that no answer was sent. */
  readonly answer: number | 'held' | 'lost';
  /** Id of the effect, e.g. `charge-1`. */
  readonly id?: string;
  readonly request: unknown;
}

/**
 * What the services did, one line of JSON a request, synced to disk before the caller gets an answer. It is the other
 * witness: whatever is killed, this file says what really happened.
 */
export class Ledger {
  readonly #file: number;
  readonly #entries: Entry[];

  constructor(path: string) {
    this.#entries = existsSync(path) ? readWhole(path) : [];
    this.#file = openSync(path, 'a');
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  append(entry: Entry): void {
    writeSync(this.#file, `${JSON.stringify(entry)}\n`);
    fsyncSync(this.#file);
    this.#entries.push(entry);
  }

  /** The work that was done under a key; undefined: none yet. */
  effect(service: Service, key: string): Entry | undefined {
    return this.#entries.find((entry) => isEffect(entry, service) && entry.key === key);
  }

  effects(service: Service): Entry[] {
    return this.#entries.filter((entry) => isEffect(entry, service));
  }

  requests(service: Service, key: string): number {
    return this.#entries.filter((entry) => entry.service === service && entry.key === key).length;
  }

  close(): void {
    closeSync(this.#file);
  }
}

function isEffect(entry: Entry, service: Service): boolean {
  return entry.service === service && entry.outcome === 'done';
}

/** All complete lines; half a line at the end was never acknowledged and is cut off. */
function readWhole(path: string): Entry[] {
  const text = readFileSync(path, 'utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  if (whole.length < text.length) truncateSync(path, Buffer.byteLength(whole));
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Entry);
}
