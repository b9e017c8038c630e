import { createHash } from 'node:crypto';

/**
 * What the payment API does with one request:
 * - `ok`: charges and answers
 * - a status such as `503`: refuses, charges nothing
 * - `declined`: refuses for good (402)
 * - `held`: charges, and then never answers
 * - `lost`: charges, and then the connection breaks
 */
export type Behaviour = 'ok' | 'declined' | 'held' | 'lost' | number;

/** The behaviour for the n-th request (from 1) under an idempotency key. */
export type FailureRule = (key: string, request: number) => Behaviour;

/**
 * Reads a rule. Two forms:
 * - `503,503,ok`: the first, second, … request of each key; the last one holds for all further requests
 * - `random:0.3:42`: each request fails with 503 with that probability; the same seed fails the same requests
 */
export function parseFailureRule(text: string): FailureRule {
  return text.startsWith('random:') ? parseRandom(text) : parseList(text);
}

function parseList(text: string): FailureRule {
  const behaviours = text.split(',').map((word) => parseBehaviour(word.trim(), text));
  return (_key, request) => behaviours[Math.min(request, behaviours.length) - 1]!;
}

function parseBehaviour(word: string, rule: string): Behaviour {
  if (word === 'ok' || word === 'declined' || word === 'held' || word === 'lost') return word;
  if (/^[45]\d\d$/.test(word)) return Number(word);
  throw new Error(
    `The failure rule "${rule}" is not understood: "${word}" is none of ok, declined, held, lost, or an HTTP status.`,
  );
}

function parseRandom(text: string): FailureRule {
  const [, probability, seed] = /^random:(0|1|0?\.\d+):(.+)$/.exec(text) ?? [];
  if (probability === undefined) {
    throw new Error(
      `The failure rule "${text}" is not understood: write random:PROBABILITY:SEED, e.g. random:0.3:42.`,
    );
  }
  return (key, request) => (chance(`${seed}/${key}/${request}`) < Number(probability) ? 503 : 'ok');
}

/** A number in [0, 1) that depends on nothing but the text: not on the order in which requests arrive. */
function chance(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE() / 2 ** 32;
}
