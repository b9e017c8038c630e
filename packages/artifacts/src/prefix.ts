import { randomUUID } from 'node:crypto';

/** No folder of a run begins with a dot. */
const UNFINISHED = '.unfinished/';

/** The part of a bucket or container that holds the artifacts of one store of runs. */
export class Prefix {
  readonly #prefix: string;

  constructor(prefix: string) {
    const trimmed = prefix.replaceAll(/^\/+|\/+$/g, '');
    this.#prefix = trimmed === '' ? '' : `${trimmed}/`;
  }

  /** The name of the object that holds a key, or of all whose key begins so. */
  nameOf(key: string): string {
    return `${this.#prefix}${key}`;
  }

  /** Null: it is one that is being written. */
  keyOf(name: string): string | null {
    const key = name.slice(this.#prefix.length);
    return key.startsWith(UNFINISHED) ? null : key;
  }

  /** Where a content lies while it is written and its hash is not known. */
  newUnfinished(): string {
    return `${this.unfinished}${randomUUID()}`;
  }

  get unfinished(): string {
    return this.nameOf(UNFINISHED);
  }
}
