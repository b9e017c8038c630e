import { PassThroughStore } from '../pass-through-store.ts';

/** Never looks whether a worker's lease has run out. */
export class DeadWorkersKeepTheirRuns extends PassThroughStore {
  override async expire(): Promise<string[]> {
    return [];
  }
}

/** Thanks for the renewal of a lease, and does not keep it. */
export class RenewalsAreNotKept extends PassThroughStore {
  override async heartbeat(): Promise<boolean> {
    return true;
  }
}
