import type { ArtifactStore } from '../artifacts/contract.ts';
import { FileArtifacts } from '../artifacts/file-store.ts';
import { MemoryArtifacts } from '../artifacts/memory-store.ts';
import type { System } from '../engine/system.ts';
import { StepwellError } from '../model/errors.ts';
import type { Store } from '../store/contract.ts';
import { optionalPackage } from './optional-package.ts';
import type { OpenOptions } from './types.ts';

/** What the package of the other places exports. */
interface ArtifactsPackage {
  readonly openArtifacts: (address: string) => ArtifactStore;
}

/** They last as long as the store that they belong to: an engine that is opened on it again finds them. */
const ofMemoryStores = new WeakMap<Store, MemoryArtifacts>();

/**
 * Where artifacts are kept: as the option says, or beside the file of the runs; null: nowhere.
 * @throws StepwellError `STORE_UNKNOWN`, `STORE_NOT_INSTALLED`, and whatever opening it throws
 */
export async function openArtifacts(
  { artifacts, store }: Pick<OpenOptions, 'artifacts' | 'store'>,
  system: System,
): Promise<ArtifactStore | null> {
  if (artifacts !== undefined && typeof artifacts !== 'string') return artifacts;
  if (artifacts === undefined && typeof store !== 'string') return besideObject(store, system);
  const address = artifacts ?? addressBeside(store);
  if (address === null) return null;
  if (address === 'memory:') return new MemoryArtifacts(() => system.now());
  const directory = /^file:(.+)$/.exec(address)?.[1];
  if (directory !== undefined) return new FileArtifacts(directory, () => system.uuid());
  if (/^(s3|azure):/.test(address)) {
    const what = 'Artifacts in S3 or Azure need';
    return (await optionalPackage<ArtifactsPackage>('@stepwell/artifacts', what)).openArtifacts(address);
  }
  throw new StepwellError(
    'STORE_UNKNOWN',
    `The place for artifacts "${address}" is not understood. Give "file:path/to/folder", "s3://bucket/prefix", "azure://container/prefix" or "memory:".`,
  );
}

function besideObject(store: Store, system: System): ArtifactStore | null {
  if (store.kind !== 'memory') return null;
  const known = ofMemoryStores.get(store);
  if (known !== undefined) return known;
  const made = new MemoryArtifacts(() => system.now());
  ofMemoryStores.set(store, made);
  return made;
}

function addressBeside(store: OpenOptions['store']): string | null {
  if (store === 'memory:') return store;
  const file = typeof store === 'string' ? /^sqlite:(.+)$/.exec(store)?.[1] : undefined;
  return file === undefined ? null : `file:${file}.artifacts`;
}
