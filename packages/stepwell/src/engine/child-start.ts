import type { OperationStarted } from '../model/event.ts';
import { failureWith } from '../model/failure.ts';
import type { RunRecord } from '../model/run.ts';
import type { ChildStart } from '../store/commit.ts';
import type { ChildRequest } from './runtime.ts';

/** The child run that an operation begins. @param at when */
export function childStartOf(
  parent: RunRecord,
  { op, child }: OperationStarted,
  request: ChildRequest,
  at: number,
  traceparent: string | undefined,
): ChildStart {
  const { id, workflow, version, detached } = child!;
  const error = failureWith(
    'RUN_ID_TAKEN',
    `The child run "${op}" cannot start: a run with the id "${id}" exists already.`,
  );
  return {
    run: {
      namespace: parent.namespace,
      id,
      workflow,
      version,
      queue: request.queue,
      priority: request.priority,
      readyAt: at + request.delay,
      input: request.input,
      parent: { key: parent.key, id: parent.id, op: detached ? null : op },
      timeout: request.timeout,
      hardTimeout: request.hardTimeout,
      concurrencyKey: request.concurrencyKey,
      concurrencyLimit: request.concurrencyLimit,
      createdAt: at,
      traceparent: traceparent ?? null,
    },
    refusal: { type: 'child', op, child: id, outcome: { ok: false, error } },
  };
}
