import type { ArtifactOwner, ArtifactRecord, NewArtifact } from 'stepwell/engine';
import { texts } from './arrays.ts';
import type { Database } from './database.ts';

const RECORD =
  'namespace, run, name, number, size, hash, content_type as "contentType", created_at as "createdAt"';

/** Records of artifacts, of all namespaces. */
export class Artifacts {
  readonly #database: Database;
  readonly #table: string;

  constructor(database: Database) {
    this.#database = database;
    this.#table = `${database.schema}.artifact`;
  }

  async save(artifact: NewArtifact): Promise<ArtifactRecord | null> {
    const { namespace, run, name, size, hash, contentType, createdAt, expected } = artifact;
    const [record] = await this.#database.write<ArtifactRecord>(
      `select ${RECORD} from ${this.#database.schema}.save_artifact($1, $2, $3, $4, $5, $6, $7, $8)`,
      [namespace, run, name, size, hash, contentType, Math.floor(createdAt), expected ?? null],
    );
    return record ?? null;
  }

  of(owners: readonly ArtifactOwner[]): Promise<ArtifactRecord[]> {
    return this.#database.read<ArtifactRecord>(
      `select ${RECORD} from ${this.#table}
        where (namespace, run) in (select * from unnest($1::text[], $2::text[]))
        order by namespace, run, name, number desc`,
      [texts(owners.map(({ namespace }) => namespace)), texts(owners.map(({ run }) => run))],
    );
  }

  /** Its versions, the newest first. */
  named({ namespace, run }: ArtifactOwner, name: string): Promise<ArtifactRecord[]> {
    return this.#database.read<ArtifactRecord>(
      `select ${RECORD} from ${this.#table} where namespace = $1 and run = $2 and name = $3 order by number desc`,
      [namespace, run, name],
    );
  }

  async drop({ namespace, run }: ArtifactOwner): Promise<void> {
    await this.#database.write(`delete from ${this.#table} where namespace = $1 and run = $2`, [
      namespace,
      run,
    ]);
  }

  owners(after: ArtifactOwner | null, limit: number): Promise<ArtifactOwner[]> {
    const { namespace, run } = after ?? { namespace: '', run: '' };
    return this.#database.read<ArtifactOwner>(
      `select distinct namespace, run from ${this.#table} where (namespace, run) > ($1, $2)
        order by namespace, run limit $3`,
      [namespace, run, limit],
    );
  }
}
