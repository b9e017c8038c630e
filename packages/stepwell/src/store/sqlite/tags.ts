import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { RunKey } from '../../model/run.ts';
import { sortedTags } from '../../model/tags.ts';

/** The tags of runs: in their rows, and in a table by which the runs are found. */
export class Tags {
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  readonly #select: StatementSync;
  readonly #update: StatementSync;

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare(
      'insert into tag (namespace, tag, run) values (?, ?, ?) on conflict do nothing',
    );
    this.#delete = database.prepare('delete from tag where run = ?');
    this.#select = database.prepare('select namespace, tags from run where key = ?');
    this.#update = database.prepare('update run set tags = ?2 where key = ?1');
  }

  /** Makes a run that has these tags in its row to be found by them. */
  index(run: RunKey, namespace: string, tags: readonly string[]): void {
    for (const tag of tags) this.#insert.run(namespace, tag, run);
  }

  replace(run: RunKey, namespace: string, tags: readonly string[]): void {
    this.#delete.run(run);
    this.index(run, namespace, tags);
  }

  add(run: RunKey, tags: readonly string[]): void {
    const { namespace, tags: had } = this.#select.get(run) as { namespace: string; tags: string | null };
    this.#update.run(run, tagsText(sortedTags([...tagsOf(had), ...tags])));
    this.index(run, namespace, tags);
  }
}

/** As `run.tags` has them. */
export function tagsText(tags: readonly string[]): string | null {
  return tags.length === 0 ? null : JSON.stringify(tags);
}

export function tagsOf(text: string | null): readonly string[] {
  return text === null ? [] : (JSON.parse(text) as string[]);
}
