import { StepwellError } from '../model/errors.ts';
import { present } from '../model/fields.ts';
import type { Json } from '../model/json.ts';
import { bodyOf } from './body.ts';
import type { StepBody, StepOptions, TransactionBody, TransactionOptions } from './context.ts';
import { limitOf, startedOf, type Here } from './here.ts';
import { retryOf } from './retry.ts';

/** A step without options: the shortest way from the author to the journal. */
export function plainStep<T>(here: Here, name: string, run: StepBody<T>): Promise<T> {
  const started = startedOf(here.begin('step', name), 'step');
  return here.request({ started }, bodyOf(run, null)) as Promise<T>;
}

export function step<T>(
  here: Here,
  name: string,
  options: StepOptions<T>,
  run: StepBody<T> | undefined,
): Promise<T> {
  const op = here.begin('step', name);
  if (typeof run !== 'function') throw new StepwellError('OPTION_INVALID', `The step "${op}" has no body.`);
  const { atMostOnce, reconcile, undo } = options;
  const retry = retryOf(options.retry, `step "${op}"`);
  const ask = present({
    started: present({
      ...startedOf(op, 'step'),
      atMostOnce: atMostOnce === true ? true : undefined,
    } as const),
    timeout: limitOf(options.timeout, `timeout of step "${op}"`),
    reconcilable: reconcile && true,
    retry: retry?.policy,
  });
  const { undos } = here.execution;
  const remember = (result: Json | undefined) =>
    void undos.push({ op, retry, run: (io) => undo!(result as T, io) });
  return here.request(ask, bodyOf(run, retry, reconcile), undo && remember) as Promise<T>;
}

/** A step whose body writes in the store's own database, in one transaction with a note of its result. */
export function transaction<T, Tx>(
  here: Here,
  name: string,
  options: TransactionOptions<T>,
  run: TransactionBody<T, Tx> | undefined,
): Promise<T> {
  if (typeof run !== 'function')
    throw new StepwellError('OPTION_INVALID', `The transaction "${name}" has no body.`);
  const { execution } = here;
  return step<T>(
    here,
    name,
    options,
    (io) => execution.transact(io.idempotencyKey, (tx) => run(tx as Tx, io)) as Promise<T>,
  );
}
