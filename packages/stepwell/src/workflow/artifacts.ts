import type {
  Artifact,
  ArtifactListOptions,
  ArtifactWriteOptions,
  ReadableArtifact,
} from '../artifacts/artifact.ts';
import type { ByteRange } from '../artifacts/contract.ts';
import { isRepeatable, type ArtifactData } from '../artifacts/data.ts';
import { checkArtifactName } from '../artifacts/name.ts';
import { contentTypeOf } from '../artifacts/shelf.ts';
import { isStepwellError, StepwellError } from '../model/errors.ts';
import { present } from '../model/fields.ts';
import type { Json } from '../model/json.ts';
import type { CtxArtifacts, RunArtifactReadOptions } from './artifact-context.ts';
import type { BodyArtifacts } from './body-artifacts.ts';
import { quiet } from './quiet.ts';
import { startedOf, type Here } from './here.ts';
import { isInStep } from './place.ts';
import { retryOf } from './retry.ts';
import { bodyOf } from './body.ts';

/** Attempts when the store cannot be reached for a moment. */
const ATTEMPTS = 3;

export class OperationArtifacts implements CtxArtifacts {
  readonly #here: Here;

  constructor(here: Here) {
    this.#here = here;
  }

  write(name: string, data: ArtifactData, options: ArtifactWriteOptions = {}): Promise<Artifact> {
    const check = () => {
      checkArtifactName(name);
      contentTypeOf(data, options);
    };
    const attempts = isRepeatable(data) ? ATTEMPTS : 1;
    return quiet(
      this.#operation('write', name, check, (files) => files.write(name, data, options), attempts),
    );
  }

  read(name: string, options: RunArtifactReadOptions = {}): Promise<ReadableArtifact> {
    const found = this.#operation<Artifact>(
      'read',
      name,
      () => checkArtifactName(name),
      (files) => files.find(name, options),
    );
    return quiet(found.then((artifact) => this.#handleOf(artifact)));
  }

  list(options: ArtifactListOptions = {}): Promise<readonly Artifact[]> {
    return quiet(
      this.#operation<readonly Artifact[]>(
        'list',
        'artifacts',
        () => {},
        (files) => files.list(options),
      ),
    );
  }

  /** In a step it reads; in the workflow, where only operations can be awaited, reading is one. */
  #handleOf(artifact: Artifact): ReadableArtifact {
    const { execution } = this.#here;
    const readers = () => execution.artifacts.readersOf(artifact);
    const inJournal = <T extends Json>(what: string, read: () => Promise<T>): Promise<T> =>
      isInStep() ? read() : quiet(this.#operation(what, artifact.name, () => {}, read));
    const base64 = async () => Buffer.from(await readers().bytes()).toString('base64');
    return {
      ...artifact,
      text: () => inJournal('text of', () => readers().text()),
      json: () => inJournal('json of', () => readers().json() as Promise<Json>),
      bytes: () =>
        isInStep()
          ? readers().bytes()
          : inJournal('bytes of', base64).then((text) => new Uint8Array(Buffer.from(text, 'base64'))),
      stream: (range?: ByteRange) => {
        if (isInStep()) return readers().stream(range);
        throw new StepwellError(
          'ARTIFACT_NEEDS_STEP',
          `The stream of the artifact "${artifact.name}" was asked for outside a step. Read it in the body of one: what the workflow itself waits for are operations.`,
        );
      },
    };
  }

  async #operation<T>(
    what: string,
    name: string,
    check: () => void,
    run: (files: BodyArtifacts) => Promise<T>,
    attempts = ATTEMPTS,
  ): Promise<T> {
    check();
    const { execution } = this.#here;
    const op = this.#here.begin(
      `artifacts.${what}`,
      operationName(`${what} ${name}`, execution.limits.nameLength),
    );
    const retry = retryOf({ attempts, retryOn: isPassing }, `artifact "${name}"`);
    const ask = present({ started: startedOf(op, 'step'), retry: retry?.policy });
    return (await this.#here.request(
      ask,
      bodyOf(() => run(execution.artifacts), retry),
    )) as T;
  }
}

/** What the store of the artifacts may have overcome by the next attempt. */
function isPassing(error: Error): boolean {
  return isStepwellError(error) && error.code.startsWith('STORE_');
}

/** `/` and `#` are kept for operation ids. */
function operationName(text: string, longest: number): string {
  return text.replaceAll(/[/#]/g, ':').slice(0, longest).toWellFormed().trim();
}
