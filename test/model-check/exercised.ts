/** What a trace can do to the model. A check of traces in which something never happened says nothing about it. */
export const RULES = [
  'start: a new run',
  'start: a new run is owned at once',
  'start: the run exists',
  'start: a journal to begin with',
  'commit: stored',
  'commit: refused, its position is taken',
  'commit: refused, its callback has been completed',
  'commit: refused, its run was purged',
  'commit: takes facts',
  'commit: adds tags',
  'commit: opens a callback',
  'commit: closes a callback',
  'commit: starts a child',
  'commit: the child exists',
  'commit: sends a fact',
  'commit: sends a fact that is not taken',
  'release: waits for a fact',
  'release: waits for a time',
  'release: a fact has come meanwhile',
  'release: paused',
  'release: stuck',
  'release: parked',
  'end: closes callbacks',
  'end: drops facts',
  'end: keeps events',
  'end: passes facts on',
  'end: frees a slot',
  'deliver: makes the run ready',
  'deliver: the run is owned',
  'deliver: wakes nobody',
  'deliver: completes a callback',
  'deliver: reopens',
  'deliver: unknown',
  'deliver: ended',
  'deliver: active',
  'claim: given',
  'claim: given to who parked it',
  'claim: given by force',
  'claim: no slot',
  'claim: the limit is reached',
  'claim: by an unknown worker',
  'claim: a next time',
  'facts: some',
  'journal: some',
  'register: a new worker',
  'register: known already',
  'register: a stuck run is ready',
  'heartbeat: known',
  'heartbeat: unknown',
  'retire: frees a run',
  'expire: frees a run',
  'strand: a run is stuck',
  'purge: done',
  'purge: refused',
] as const;
export type Rule = (typeof RULES)[number];

/** What simulated worlds come to once in hundreds, or never: no engine registers a worker twice. */
export const SELDOM_IN_WORLDS: readonly Rule[] = [
  'release: stuck',
  'end: passes facts on',
  'register: known already',
];

/** How often each rule was exercised. */
export class Exercised {
  readonly #times = new Map<Rule, number>();

  note(rule: Rule): void {
    this.#times.set(rule, (this.#times.get(rule) ?? 0) + 1);
  }

  add(other: Exercised): void {
    for (const rule of RULES) {
      const times = other.times(rule);
      if (times > 0) this.#times.set(rule, this.times(rule) + times);
    }
  }

  times(rule: Rule): number {
    return this.#times.get(rule) ?? 0;
  }
}
