import { milliseconds, type Duration } from '../model/duration.ts';
import { StepwellError } from '../model/errors.ts';
import { present } from '../model/fields.ts';
import type { OperationId } from '../model/operation.ts';
import { isTime } from '../model/time.ts';
import { bodyOf } from './body.ts';
import type {
  Callback,
  CallbackOptions,
  ConditionOptions,
  StepIO,
  SubmitOptions,
  WaitOptions,
} from './context.ts';
import { limitOf, startedOf, valid, type Here } from './here.ts';
import { quiet } from './quiet.ts';
import { retryOf } from './retry.ts';

export async function sleep(here: Here, name: string, duration: Duration): Promise<void> {
  const op = here.begin('sleep', name);
  const until = here.execution.host.now() + milliseconds(duration, `duration of sleep "${op}"`);
  await here.request({ started: { ...startedOf(op, 'sleep'), until } });
}

export async function sleepUntil(here: Here, name: string, time: unknown): Promise<void> {
  const op = here.begin('sleepUntil', name);
  const until = time instanceof Date || typeof time === 'number' ? Number(time) : Number.NaN;
  if (!isTime(until)) {
    throw new StepwellError(
      'OPTION_INVALID',
      `The time of sleep "${op}" must be a Date or milliseconds since 1970.`,
    );
  }
  await here.request({ started: { ...startedOf(op, 'sleep'), until } });
}

export async function waitForEvent<T>(here: Here, name: string, options: WaitOptions): Promise<T> {
  const op = here.begin('waitForEvent', name);
  const started = present({
    ...startedOf(op, 'event'),
    event: name,
    until: here.untilOf(options.timeout, op),
  });
  return valid<T>(options.schema, await here.request({ started }), `event "${name}"`);
}

export function createCallback<T>(here: Here, name: string, options: CallbackOptions): Callback<T> {
  return openCallback(here, here.begin('createCallback', name), options);
}

function openCallback<T>(here: Here, op: OperationId, options: CallbackOptions): Callback<T> {
  const { execution, scope } = here;
  const until = here.untilOf(options.timeout, op);
  const heartbeat = limitOf(options.heartbeat, `heartbeat of callback "${op}"`);
  const callback = `cb_${execution.run.key.toString(36)}_${execution.uuid().replaceAll('-', '')}`;
  const started = present({ ...startedOf(op, 'callback'), callback, until, heartbeat });
  // In a replay the id that was given away counts, whatever the code would make of it today.
  const id = execution.host.ask({ started }).callback!;
  const value = execution.wait(scope, op);
  return { id, result: quiet(value.then((given) => valid<T>(options.schema, given, `callback "${op}"`))) };
}

export async function waitForCallback<T>(
  here: Here,
  name: string,
  submit: (id: string, io: StepIO) => unknown,
  options: SubmitOptions,
): Promise<T> {
  const op = here.begin('waitForCallback', name);
  const retry = retryOf(options.retry, `callback "${op}"`);
  const callback = openCallback<T>(here, op, options);
  const submitOp = `${op}/submit`;
  const submitted = here.request(
    present({ started: startedOf(submitOp, 'step'), retry: retry?.policy }),
    bodyOf(async (io) => void (await submit(callback.id, io)), retry),
  );
  let completed = false;
  void quiet(callback.result.then(() => (completed = true)));
  try {
    // Whoever completed it must have been told its id, whatever the submit says.
    const told = submitted.catch((error: unknown) => {
      if (!completed) throw error;
    });
    const [result] = await Promise.all([callback.result, told]);
    return result;
  } catch (error) {
    // Whichever failed, the other is of no use any more.
    const reason = new StepwellError('OPERATION_CANCELLED', `The callback "${op}" is not awaited any more.`);
    here.execution.cancelOperation(op, reason);
    here.execution.cancelOperation(submitOp, reason);
    throw error;
  }
}

export async function waitForCondition(
  here: Here,
  name: string,
  check: (io: StepIO) => unknown,
  options: ConditionOptions,
): Promise<unknown> {
  const op = here.begin('waitForCondition', name);
  const every = milliseconds(options.every, `every of condition "${op}"`);
  const factor = options.factor ?? 1;
  if (!(factor >= 1)) {
    throw new StepwellError('OPTION_INVALID', `The factor of condition "${op}" must be a number from 1.`);
  }
  const maxDelay = limitOf(options.maxDelay, `maxDelay of condition "${op}"`) ?? Number.MAX_SAFE_INTEGER;
  const started = present({ ...startedOf(op, 'condition'), until: here.untilOf(options.timeout, op) });
  return here.request(
    { started, poll: { every, factor, maxDelay } },
    { ...bodyOf(check, null), isCondition: true },
  );
}
