import { StepwellError } from '../model/errors.ts';
import type { Fact } from '../model/fact.ts';
import { present } from '../model/fields.ts';
import { checkId, checkName, checkReason } from '../model/identifier.ts';
import type { RunRecord } from '../model/run.ts';
import type { Store } from '../store/contract.ts';
import { cancelFact, isStuckInCancel } from './cancel.ts';
import type { StartParts } from './start.ts';
import { joined } from './transact.ts';
import type { CancelOptions, PauseOptions, RaiseOptions } from './types.ts';

/** What the outside tells runs, by their ids. */
export class Control {
  readonly #store: Store;
  readonly #parts: StartParts;
  readonly #demandOpen: () => void;

  /** @param demandOpen throws once the engine is closed */
  constructor(store: Store, parts: StartParts, demandOpen: () => void) {
    this.#store = store;
    this.#parts = parts;
    this.#demandOpen = demandOpen;
  }

  /** @throws StepwellError `RUN_NOT_FOUND`, `ID_INVALID`, `ENGINE_CLOSED` */
  async record(id: string): Promise<RunRecord> {
    this.#demandOpen();
    checkId(id, 'run id', this.#parts.limits.idLength);
    const run = await this.#store.get(this.#parts.namespace, id);
    if (run === null) throw notFound(id);
    return run;
  }

  async raiseEvent(id: string, name: string, value: unknown, options: RaiseOptions): Promise<void> {
    const { limits, payloads } = this.#parts;
    checkName(name, 'event name', limits.nameLength);
    if (options.id !== undefined) checkId(options.id, 'event id', limits.idLength);
    const payload = payloads.encode(value, `value of event "${name}"`);
    const store = options.client === undefined ? this.#store : joined(this.#store, options.client);
    await this.deliver(id, present({ type: 'event', name, value: payload, id: options.id } as const), store);
  }

  async cancel(id: string, { force, ...options }: CancelOptions): Promise<void> {
    const fact = cancelFact(options);
    const atOnce = force === true || (await isStuckInCancel(this.#store, await this.record(id), fact.id));
    await this.deliver(id, atOnce ? { ...fact, force: true } : fact);
  }

  async pause(id: string, { reason, by }: PauseOptions): Promise<void> {
    const fact = { type: 'pause', reason: checkReason(reason), by: checkReason(by) } as const;
    await this.deliver(id, present(fact));
  }

  async purge(id: string): Promise<void> {
    this.#demandOpen();
    checkId(id, 'run id', this.#parts.limits.idLength);
    if (await this.#store.purge(this.#parts.namespace, id)) return;
    await this.record(id);
    throw new StepwellError('RUN_NOT_ENDED', `The run "${id}" has not ended. Cancel it first.`);
  }

  /** @throws StepwellError `RUN_NOT_FOUND`, `RUN_ENDED`, of a `reopen` `RUN_NOT_FAILED` */
  async deliver(id: string, fact: Fact, store: Pick<Store, 'deliver'> = this.#store): Promise<void> {
    this.#demandOpen();
    const { limits, namespace, system } = this.#parts;
    checkId(id, 'run id', limits.idLength);
    const [answer] = await store.deliver([{ to: { namespace, id }, now: system.now(), fact }]);
    if (answer!.delivered) return;
    if (answer!.because === 'unknown') throw notFound(id);
    const { continuedBy } = await this.record(id);
    // As `result` does: whoever knows a run by its first id means the one that goes on for it.
    if (continuedBy !== null && fact.type !== 'reopen') return this.deliver(continuedBy, fact, store);
    if (fact.type === 'reopen') {
      throw new StepwellError(
        'RUN_NOT_FAILED',
        `The run "${id}" cannot be retried: only one that failed, timed out or was cancelled can.`,
      );
    }
    throw new StepwellError('RUN_ENDED', `The run "${id}" has ended and takes nothing in any more.`);
  }
}

function notFound(id: string): StepwellError {
  return new StepwellError('RUN_NOT_FOUND', `There is no run "${id}". It may have been purged.`);
}
