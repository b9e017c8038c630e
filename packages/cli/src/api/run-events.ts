import { setTimeout as pause } from 'node:timers/promises';
import { isStepwellError, type RunEvent } from 'stepwell';
import type { ServerApi } from './server-api.ts';
import { ServerRefusal } from './server-refusal.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
/** A server that is away for so long is not just restarting. */
const GIVE_UP_AFTER_MS = 60_000;

/**
 * The events of a run until its end. A connection that breaks off is taken up again after the last event that came:
 * whoever iterates sees each event once.
 *
 * @param onLost told each time the connection has broken off
 * @throws ServerRefusal, or StepwellError `SERVER_UNREACHABLE`: the first connection failed, or none could be had for 60 s
 */
export async function* runEvents(
  api: ServerApi,
  run: string,
  from: number,
  onLost: () => void,
): AsyncGenerator<RunEvent> {
  let last = from === 0 ? undefined : String(from - 1);
  let lostAt: number | null = null;
  let failures = 0;
  for (let connected = false; ; ) {
    try {
      const messages = await api.stream(`/v1/runs/${encodeURIComponent(run)}/stream`, last);
      connected = true;
      lostAt = null;
      for await (const message of messages) {
        if (message.event === 'end') return;
        failures = 0;
        last = message.id;
        yield JSON.parse(message.data) as RunEvent;
      }
    } catch (error) {
      const givenUp = lostAt !== null && Date.now() - lostAt > GIVE_UP_AFTER_MS;
      if (!connected || givenUp || !mayPass(error)) throw error;
    }
    if (lostAt === null) onLost();
    lostAt ??= Date.now();
    await pause(Math.min(FIRST_PAUSE_MS * 2 ** failures++, LONGEST_PAUSE_MS));
  }
}

/** Whether a server that restarts would show itself so. */
function mayPass(error: unknown): boolean {
  return (
    isStepwellError(error, 'SERVER_UNREACHABLE') || (error instanceof ServerRefusal && error.status >= 500)
  );
}
