import { setTimeout as wait } from 'node:timers/promises';
import { FINAL_STATUSES, type Stepwell } from '../../packages/stepwell/src/index.ts';

/** What an application does as long as the engine has no retention of its own: purges what ended a while ago. */
export class Retention {
  readonly #well: Stepwell;
  readonly #keepMs: number;
  #purged = 0;

  constructor(well: Stepwell, keepMs: number) {
    this.#well = well;
    this.#keepMs = keepMs;
  }

  get purged(): number {
    return this.#purged;
  }

  /** Until it is told to stop, which it is when nobody waits for anything any more; then it purges all that has ended. */
  async work(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await this.#purge(Date.now() - this.#keepMs);
      await wait(this.#keepMs / 4, null, { signal: stop }).catch(() => {});
    }
    await this.#purge(Number.POSITIVE_INFINITY);
  }

  async #purge(before: number): Promise<void> {
    let cursor: string | undefined;
    do {
      const page = await this.#well.list({
        status: FINAL_STATUSES,
        limit: 200,
        ...(cursor !== undefined && { cursor }),
      });
      const ids = page.runs.filter(({ endedAt }) => endedAt! < before).map(({ id }) => id);
      await Promise.all(ids.map((id) => this.#well.purge(id)));
      this.#purged += ids.length;
      cursor = page.cursor;
    } while (cursor !== undefined);
  }
}
