import type { ArtifactOwner, ArtifactRecord, NewArtifact } from '../records.ts';

/** Records of artifacts, of all namespaces. */
export class Artifacts {
  readonly #records = new Map<string, ArtifactRecord[]>();

  save({ expected, ...artifact }: NewArtifact): ArtifactRecord | null {
    const all = this.#of(artifact);
    const newest = all.findLast(({ name }) => name === artifact.name);
    if (expected !== undefined && expected !== (newest?.number ?? 0)) return null;
    if (newest !== undefined && isSame(newest, artifact)) return { ...newest };
    const record = { ...artifact, number: (newest?.number ?? 0) + 1 };
    this.#records.set(nameOf(artifact), [...all, record]);
    return { ...record };
  }

  of(owner: ArtifactOwner, name?: string): ArtifactRecord[] {
    return this.#of(owner)
      .filter((record) => name === undefined || record.name === name)
      .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : b.number - a.number))
      .map((record) => ({ ...record }));
  }

  #of(owner: ArtifactOwner): readonly ArtifactRecord[] {
    return this.#records.get(nameOf(owner)) ?? [];
  }

  drop(owner: ArtifactOwner): void {
    this.#records.delete(nameOf(owner));
  }

  load(records: readonly ArtifactRecord[]): void {
    for (const record of records) {
      const all = this.#of(record);
      const isKnown = all.some(({ name, number }) => name === record.name && number === record.number);
      if (!isKnown) this.#records.set(nameOf(record), [...all, { ...record }].toSorted(byNumber));
    }
  }

  owners(after: ArtifactOwner | null, limit: number): ArtifactOwner[] {
    return [...this.#records.values()]
      .map(([first]) => ({ namespace: first!.namespace, run: first!.run }))
      .filter((owner) => after === null || compare(owner, after) > 0)
      .toSorted(compare)
      .slice(0, limit);
  }
}

function isSame(a: ArtifactRecord, b: NewArtifact): boolean {
  return a.hash === b.hash && a.size === b.size && a.contentType === b.contentType;
}

function byNumber(a: ArtifactRecord, b: ArtifactRecord): number {
  return a.number - b.number;
}

function compare(a: ArtifactOwner, b: ArtifactOwner): number {
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1;
  return a.run === b.run ? 0 : a.run < b.run ? -1 : 1;
}

function nameOf({ namespace, run }: ArtifactOwner): string {
  return JSON.stringify([namespace, run]);
}
