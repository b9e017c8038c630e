/** Something happened that the engine promises never to happen. */
export class Violation extends Error {
  override readonly name = 'Violation';

  /** What it says without names, numbers and values: two violations of one kind are of one cause, most likely. */
  get kind(): string {
    return (
      this.message
        .replace(/\{"error":"([^"]*)"\}[^]*/, '$1')
        .replace(/[[{\n][^]*/, '')
        .replaceAll(/"[^"]*"/g, '"…"')
        // Ids of runs and callbacks.
        .replaceAll(/\b[\w-]*[0-9a-f]{12}\b/g, '…')
        .replaceAll(/\d+/g, '…')
        .trim()
    );
  }
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
