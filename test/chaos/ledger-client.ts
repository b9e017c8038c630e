import type { Reconciliation, StepIO } from '../../packages/stepwell/src/index.ts';
import { ask } from './wire.ts';

/** A call as the ledger gets it. */
export interface Effect {
  readonly key: string;
  readonly attempt: number;
  /** Number of the engine's process. */
  readonly life: number;
  readonly undoes?: number;
  readonly callback?: string;
  readonly run?: string;
  /** Fails until an operator has mended what goes by this name. */
  readonly mendedFirst?: string;
}

/** The ledger as bodies of steps see it. */
export class LedgerClient {
  readonly #port: number;
  readonly #life: number;

  constructor(port: number, life: number) {
    this.#port = port;
    this.#life = life;
  }

  /** Gives the receipt: the same one for the same key. */
  async effect(
    { idempotencyKey: key, attempt }: StepIO,
    more: Pick<Effect, 'undoes' | 'callback' | 'run' | 'mendedFirst'> = {},
  ): Promise<number> {
    const call: Effect = { key, attempt, life: this.#life, ...more };
    const { status, body } = await ask(this.#port, '/effect', call);
    if (status !== 200) throw new Error(`the ledger says ${status}: ${String(body)}`);
    return body as number;
  }

  async find({ idempotencyKey }: StepIO): Promise<Reconciliation<number>> {
    const { body } = await ask(this.#port, '/find', idempotencyKey);
    return typeof body === 'number' ? { done: true, value: body } : { done: false };
  }
}
