import * as fc from 'fast-check';
import { operationsOf, type Document, type Operation } from './document.ts';
import { inTime } from './in-time.ts';
import { isOwed, offenceOf } from './judge.ts';
import { bytesInUse } from './memory.ts';
import { requestsOf, type WireRequest } from './requests.ts';
import { exchange } from './wire.ts';
import { World } from './world.ts';

/** Clients that send requests at once. */
const CLIENTS = 12;
/** A request that came whole has its answer by then. */
const PATIENCE_MS = 5_000;
const WAITING_PATIENCE_MS = 300;
/** After the last request has begun. */
const STORM_END_MS = 20_000;

/** Of so many, some must have been served. A WebSocket is not opened here. */
const ENOUGH_REQUESTS = 200;

/** What is left of a request when all is collected: above this it is kept for ever. */
const LEAK_BYTES = 1_000;
/** What caches, compiled code and the like may take in any case. */
const SLACK_BYTES = 20_000_000;

export interface FuzzReport {
  readonly requests: number;
  /** By status. */
  readonly answers: ReadonlyMap<number, number>;
  /** Runs that were started beside the requests, and ended as they should. */
  readonly beats: number;
  readonly heap: { readonly before: number; readonly after: number };
  readonly checks: readonly { readonly name: string; readonly problem: string | null }[];
}

/** How often an operation was refused, and how often it did what was asked. */
interface Tally {
  served: number;
  refused: number;
  offence: string | null;
}

export interface FuzzOptions {
  readonly seconds: number;
  readonly seed: number;
  /** The address of an empty store; left out: a file. */
  readonly store?: string;
}

/** Sends requests that are made from a server's own document, most of them nearly right, over raw connections. */
export async function fuzz({ seconds, seed, store }: FuzzOptions): Promise<FuzzReport> {
  const unhandled: string[] = [];
  const keep = (error: unknown) => void unhandled.push(error instanceof Error ? error.stack! : String(error));
  process.on('unhandledRejection', keep).on('uncaughtException', keep);
  try {
    await using world = await World.open(store);
    const document = (await (await fetch(`${world.url}/openapi.json`)).json()) as Document;
    const operations = operationsOf(document);
    const field = new Field(world, operations, document);
    // The first requests compile code and fill caches.
    await field.storm(seconds * 0.3, seed);
    const before = await bytesInUse();
    const sent = field.requests;
    await field.storm(seconds * 0.7, seed + 1);
    const after = await bytesInUse();
    await world.stop();
    const grown = after - before - SLACK_BYTES;
    const each = grown / (field.requests - sent);
    return {
      requests: field.requests,
      answers: field.answers,
      beats: world.beats,
      heap: { before, after },
      checks: [
        ...field.checks(),
        check('no request is refused with the server’s own fault', world.reports[0]),
        check('nothing is thrown that nobody catches', unhandled[0]),
        check('memory is flat', each > LEAK_BYTES ? `${Math.round(each)} bytes a request stay` : undefined),
        check('runs go on beside it', world.lateBeats[0] ?? (world.beats === 0 ? 'none ended' : undefined)),
        check('the server answers afterwards', (await isThere(world)) ? undefined : 'it does not'),
      ],
    };
  } finally {
    process.off('unhandledRejection', keep).off('uncaughtException', keep);
  }
}

function check(name: string, problem: string | undefined) {
  return { name, problem: problem ?? null };
}

async function isThere({ url }: World): Promise<boolean> {
  return (await fetch(`${url}/healthz`)).ok;
}

/** The requests of some clients, and what came of them. */
class Field {
  requests = 0;
  readonly answers = new Map<number, number>();
  readonly #tallies: ReadonlyMap<Operation, Tally>;
  readonly #world: World;
  readonly #arbitrary: fc.Arbitrary<WireRequest>;

  constructor(world: World, operations: readonly Operation[], document: Document) {
    this.#world = world;
    this.#tallies = new Map(operations.map((one) => [one, { served: 0, refused: 0, offence: null }]));
    this.#arbitrary = requestsOf(operations, document, world.pool);
  }

  async storm(seconds: number, seed: number): Promise<void> {
    const clients = Array.from({ length: CLIENTS }, (_, n) =>
      this.#client(seconds * 1_000, seed * CLIENTS + n),
    );
    await inTime('The requests', seconds * 1_000 + STORM_END_MS, Promise.all(clients));
  }

  /** Ends early with the smallest request that it finds to be answered wrongly. */
  async #client(milliseconds: number, seed: number): Promise<void> {
    const property = fc.asyncProperty(this.#arbitrary, async (request) => {
      const offence = await this.#judge(request);
      if (offence !== null) throw new Error(offence);
    });
    const details = await fc.check(property, {
      seed,
      numRuns: Number.MAX_SAFE_INTEGER,
      interruptAfterTimeLimit: milliseconds,
      markInterruptAsFailure: false,
    });
    if (!details.failed || details.counterexample === null) return;
    const [request] = details.counterexample;
    const { operation, ...shown } = request;
    const body = request.body === null ? null : Buffer.from(request.body).toString('latin1').slice(0, 500);
    const why = (details.errorInstance as Error | null)?.message ?? 'it is answered wrongly';
    this.#tallies.get(operation)!.offence ??= `${why}\n  ${JSON.stringify({ ...shown, body })}`;
  }

  async #judge(request: WireRequest): Promise<string | null> {
    const patience = isOwed(request) ? PATIENCE_MS : WAITING_PATIENCE_MS;
    const answer = await exchange(this.#world.port, request, patience);
    this.requests++;
    if (answer !== null) this.#count(request, answer.status);
    return offenceOf(request, answer);
  }

  #count({ operation }: WireRequest, status: number): void {
    this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
    const tally = this.#tallies.get(operation)!;
    if (status < 400) tally.served++;
    else tally.refused++;
  }

  /** One for each operation; one of which all requests were refused has not been tested. */
  checks() {
    return [...this.#tallies].map(([{ method, path, responses }, { served, refused, offence }]) => {
      const isServable = !('101' in responses) && refused >= ENOUGH_REQUESTS;
      const untested = served === 0 && isServable ? `none of ${refused} requests was served` : undefined;
      return check(`${method} ${path}: ${served} served, ${refused} refused`, offence ?? untested);
    });
  }
}
