import type { Payload } from './codec.ts';
import type { CancelCause } from './event.ts';
import type { Failure } from './failure.ts';
import type { OperationId } from './operation.ts';

/** Something from outside that a run has not yet taken into its journal. */
export type Fact =
  | { readonly type: 'event'; readonly name: string; readonly value?: Payload; readonly id?: string }
  | {
      readonly type: 'callback';
      readonly op: OperationId;
      readonly callback: string;
      readonly outcome: Outcome;
    }
  | { readonly type: 'heartbeat'; readonly op: OperationId; readonly callback: string }
  | { readonly type: 'child'; readonly op: OperationId; readonly child: string; readonly outcome: Outcome }
  /** A child goes on as another run (`continueAs`), which is awaited from now on. */
  | { readonly type: 'successor'; readonly op: OperationId; readonly child: string; readonly by: string }
  /** `id`: of the call that asks for it; the same id again is the same call. */
  | {
      readonly type: 'cancel';
      readonly cause: CancelCause;
      readonly reason?: string;
      readonly force?: true;
      readonly id?: string;
    }
  | { readonly type: 'pause'; readonly reason?: string; readonly by?: string }
  | { readonly type: 'resume' }
  /** An operator's retry of a run that has ended. */
  | { readonly type: 'reopen' };

/** How something ended. */
export type Outcome =
  | { readonly ok: true; readonly value?: Payload }
  | { readonly ok: false; readonly error: Failure };

/** Facts that concern a run as such: they reach it even while it is paused or stuck. */
export function isControl(fact: Fact): boolean {
  return fact.type === 'cancel' || fact.type === 'pause' || fact.type === 'resume' || fact.type === 'reopen';
}

/** Facts that mean something only to an operation of the run that they were sent to. */
export function concernsOperation(fact: Fact): boolean {
  return (
    fact.type === 'callback' ||
    fact.type === 'heartbeat' ||
    fact.type === 'child' ||
    fact.type === 'successor'
  );
}

/** A fact with its number within its run's inbox: 1, 2, 3 … in the order in which they were acknowledged. */
export interface NumberedFact {
  readonly number: number;
  readonly fact: Fact;
}
