/** Something happened that the engine promises never to happen. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** Keeps what was violated: it may happen deep inside the engine, which would take it for a fault of its own. */
export class Violations {
  readonly found: Violation[] = [];

  report(what: string): never {
    const violation = new Violation(what);
    this.found.push(violation);
    throw violation;
  }
}
