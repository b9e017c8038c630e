import { StepwellError } from '../model/errors.ts';
import type { Store } from '../store/contract.ts';
import type { ArtifactStore } from './contract.ts';
import { hashOfKey } from './folder.ts';

/** No run has this folder: in the names of theirs, two hex digits follow a `_`. */
const OWNER = '_stepwell/owner';
/** For so long (ms) nobody looks again: a place changes hands on purpose, if ever. */
const KNOWN_FOR = 60_000;

/** Which store of runs says that a place is its own. */
interface Claim {
  readonly store: string;
  readonly kind: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

interface FoundClaim {
  readonly key: string;
  /** Null: it cannot be read, and so may be anybody's. */
  readonly claim: Claim | null;
}

export interface OwnershipParts {
  readonly contents: ArtifactStore;
  readonly store: Pick<Store, 'kind' | 'identity'>;
  readonly now: () => number;
}

/**
 * That a place of artifacts belongs to one store of runs: whatever that store does not know is swept. A content in the
 * place says whose it is. It is put there by the first store that uses a place which is empty; every other one is
 * refused, before it writes or removes anything.
 *
 *   nobody's, empty ──claim──▶ look again: alone ──▶ ours
 *                                          not alone ──▶ refused
 *   nobody's, with contents ──▶ refused: they may be those of another store
 *   somebody else's ──▶ refused                               (`adopt` makes it ours in all cases)
 *
 * A claim is never taken back, but by `adopt`: a process that has seen the claim of another one of its store relies on
 * it. So of two stores that claim a place at once, at most one ever has it, and perhaps none.
 */
export class Ownership {
  readonly #parts: OwnershipParts;
  #knownAt = Number.NEGATIVE_INFINITY;
  /** Of all who ask meanwhile: each claim that is put there is read in every look from then on. */
  #looking: Promise<void> | null = null;

  constructor(parts: OwnershipParts) {
    this.#parts = parts;
  }

  /** Before anything is written to the place, or removed from it. @throws StepwellError `ARTIFACTS_OWNED_ELSEWHERE`, `STORE_…` */
  async demand(): Promise<void> {
    const now = this.#parts.now();
    const isKnown = now >= this.#knownAt && now - this.#knownAt < KNOWN_FOR;
    if (isKnown) return;
    this.#looking ??= this.#lookNow(now).finally(() => (this.#looking = null));
    await this.#looking;
  }

  /** Makes the place that of this store, whosever it was. @throws StepwellError `STORE_…` */
  async adopt(): Promise<void> {
    const own = await this.#claim();
    for (const { key } of await this.#claims()) if (key !== own) await this.#parts.contents.delete(key);
  }

  async #lookNow(now: number): Promise<void> {
    await this.#look();
    this.#knownAt = now;
  }

  async #look(): Promise<void> {
    const identity = await this.#parts.store.identity();
    let claims = await this.#claims();
    // Contents of this store's other processes come after their claim: if they are there, so is that by now.
    if (claims.length === 0 && (await this.#hasContents())) {
      claims = await this.#claims();
      if (claims.length === 0) throw this.#refused(null, identity);
    }
    this.#demandAlone(claims, identity);
    if (claims.length > 0) return;
    await this.#claim();
    this.#demandAlone(await this.#claims(), identity);
  }

  #demandAlone(claims: readonly FoundClaim[], identity: string): void {
    const other = claims.find(({ claim }) => claim?.store !== identity);
    if (other !== undefined) throw this.#refused(other, identity);
  }

  /** The answer is its key. */
  async #claim(): Promise<string> {
    const { contents, store, now } = this.#parts;
    const claim: Claim = { store: await store.identity(), kind: store.kind, since: now() };
    const { hash } = await contents.write(OWNER, once(Buffer.from(`${JSON.stringify(claim)}\n`)));
    return `${OWNER}/${hash}`;
  }

  async #claims(): Promise<FoundClaim[]> {
    const { contents } = this.#parts;
    const found: FoundClaim[] = [];
    for await (const { key } of contents.list(`${OWNER}/`)) {
      if (hashOfKey(key) === null) continue;
      const content = await contents.read(key);
      if (content !== null) found.push({ key, claim: await claimIn(content) });
    }
    return found;
  }

  async #hasContents(): Promise<boolean> {
    for await (const { key } of this.#parts.contents.list(''))
      if (hashOfKey(key) !== null && !isOwnersKey(key)) return true;
    return false;
  }

  #refused(other: FoundClaim | null, identity: string): StepwellError {
    const { contents, store } = this.#parts;
    return new StepwellError(
      'ARTIFACTS_OWNED_ELSEWHERE',
      `The place of the artifacts (${contents.kind}) ${other === null ? 'has contents, but does not say of which store of runs' : `belongs to ${nameOf(other)}`}. ` +
        `This one is ${store.kind} ${identity}. Nothing was written or removed. Give each store a folder or prefix of its own. ` +
        'If this store is to have the place from now on, and no other: "stepwell artifacts adopt --store … --artifacts …".',
      other?.claim ? { data: { ...other.claim } } : {},
    );
  }
}

/** Whether it is what says whose the place is. */
export function isOwnersKey(key: string): boolean {
  return key.startsWith(`${OWNER}/`);
}

function nameOf({ claim, key }: FoundClaim): string {
  if (claim === null) return `whoever wrote "${key}", which cannot be read`;
  return `another store of runs, ${claim.kind} ${claim.store}, since ${new Date(claim.since).toISOString()}`;
}

async function claimIn(content: AsyncIterable<Uint8Array>): Promise<Claim | null> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  try {
    const { store, kind, since } = JSON.parse(Buffer.concat(chunks).toString()) as Claim;
    new Date(since).toISOString();
    return typeof store === 'string' && typeof kind === 'string' ? { store, kind, since } : null;
  } catch {
    return null;
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
