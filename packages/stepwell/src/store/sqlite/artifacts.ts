import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { ArtifactOwner, ArtifactRecord, NewArtifact } from '../records.ts';

const RECORD =
  'namespace, run, name, number, size, hash, content_type as contentType, created_at as createdAt';

/** Records of artifacts, of all namespaces. */
export class Artifacts {
  readonly #newest: StatementSync;
  readonly #insert: StatementSync;
  readonly #select: StatementSync;
  readonly #named: StatementSync;
  readonly #drop: StatementSync;
  readonly #owners: StatementSync;

  constructor(database: DatabaseSync) {
    const ofRun = 'from artifact where namespace = ? and run = ?';
    this.#newest = database.prepare(`select ${RECORD} ${ofRun} and name = ? order by number desc limit 1`);
    this.#insert = database.prepare(`
      insert into artifact (namespace, run, name, number, size, hash, content_type, created_at)
      values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`);
    this.#select = database.prepare(`select ${RECORD} ${ofRun} order by name, number desc`);
    this.#named = database.prepare(`select ${RECORD} ${ofRun} and name = ? order by number desc`);
    this.#drop = database.prepare(`delete ${ofRun}`);
    this.#owners = database.prepare(
      'select distinct namespace, run from artifact where (namespace, run) > (?, ?) order by namespace, run limit ?',
    );
  }

  save({ expected, ...artifact }: NewArtifact): ArtifactRecord | null {
    const { namespace, run, name } = artifact;
    const newest = this.#newest.get(namespace, run, name) as ArtifactRecord | undefined;
    if (expected !== undefined && expected !== (newest?.number ?? 0)) return null;
    if (newest !== undefined && isSame(newest, artifact)) return { ...newest };
    const record = { ...artifact, number: (newest?.number ?? 0) + 1 };
    this.put(record);
    return record;
  }

  put({ namespace, run, name, number, size, hash, contentType, createdAt }: ArtifactRecord): void {
    this.#insert.run(namespace, run, name, number, size, hash, contentType, createdAt);
  }

  of({ namespace, run }: ArtifactOwner, name?: string): ArtifactRecord[] {
    const rows =
      name === undefined ? this.#select.all(namespace, run) : this.#named.all(namespace, run, name);
    return rows.map((row) => ({ ...row }) as unknown as ArtifactRecord);
  }

  drop({ namespace, run }: ArtifactOwner): void {
    this.#drop.run(namespace, run);
  }

  owners(after: ArtifactOwner | null, limit: number): ArtifactOwner[] {
    const { namespace, run } = after ?? { namespace: '', run: '' };
    return this.#owners.all(namespace, run, limit).map((row) => ({ ...row }) as unknown as ArtifactOwner);
  }
}

function isSame(a: ArtifactRecord, b: NewArtifact): boolean {
  return a.hash === b.hash && a.size === b.size && a.contentType === b.contentType;
}
