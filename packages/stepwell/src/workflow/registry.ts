import { StepwellError } from '../model/errors.ts';
import type { ErrorClass } from '../model/failure.ts';
import { kindOf } from '../store/fit.ts';
import type { AnyDefinition } from './definition.ts';

/** The workflows that a process has, by name and version. */
export class Registry {
  readonly #byKind = new Map<string, AnyDefinition>();
  readonly #newest = new Map<string, AnyDefinition>();

  /** @throws StepwellError `WORKFLOW_DUPLICATE` */
  constructor(definitions: readonly AnyDefinition[]) {
    for (const definition of definitions) this.#add(definition);
  }

  #add(definition: AnyDefinition): void {
    const { name, version } = definition;
    const kind = kindOf(name, version);
    const same = this.#byKind.get(kind);
    if (same === definition) return;
    if (same !== undefined) {
      throw new StepwellError(
        'WORKFLOW_DUPLICATE',
        `Two workflows are called "${name}" in version "${version}". Give one of them another name or version.`,
      );
    }
    this.#byKind.set(kind, definition);
    const newest = this.#newest.get(name);
    if (newest === undefined || isNewer(version, newest.version)) this.#newest.set(name, definition);
  }

  get kinds(): readonly string[] {
    return [...this.#byKind.keys()];
  }

  get workflows(): readonly { readonly name: string; readonly version: string }[] {
    return [...this.#byKind.values()].map(({ name, version }) => ({ name, version }));
  }

  /** The classes that errors of a workflow get again, by name. */
  errorClassesOf({ options }: AnyDefinition): ReadonlyMap<string, ErrorClass> {
    return new Map((options.errors ?? []).map((type) => [type.name, type]));
  }

  find(name: string, version: string): AnyDefinition | null {
    return this.#byKind.get(kindOf(name, version)) ?? null;
  }

  newest(name: string): AnyDefinition | null {
    return this.#newest.get(name) ?? null;
  }
}

/** `10` is newer than `9`, and `1.10` than `1.9`. */
function isNewer(a: string, b: string): boolean {
  return a.localeCompare(b, 'en', { numeric: true }) > 0;
}
