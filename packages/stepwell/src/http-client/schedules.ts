import type { StartedRun } from '../client/types.ts';
import type { ScheduleInfo, ScheduleSettings } from '../model/schedule.ts';
import { inBody, path, withQuery } from './address.ts';
import type { Http } from './http.ts';

/** The answer to a start. */
export interface Started {
  readonly id: string;
  readonly created: boolean;
}

/** The schedules of a server that has `@stepwell/schedules` open. Errors: those of that package. */
export class RemoteSchedules {
  readonly #http: Http;
  readonly #started: (answer: Started) => StartedRun;

  constructor(http: Http, started: (answer: Started) => StartedRun) {
    this.#http = http;
    this.#started = started;
  }

  /** In the order of their names. */
  async list(): Promise<ScheduleInfo[]> {
    return (await this.#http.get<{ schedules: ScheduleInfo[] }>('/v1/schedules')).schedules;
  }

  /** @throws StepwellError `SCHEDULE_NOT_FOUND` */
  get(name: string): Promise<ScheduleInfo> {
    return this.#http.get(path`/v1/schedules/${name}`);
  }

  /** Makes a schedule, or changes the one of that name. @throws StepwellError `SCHEDULE_INVALID`, and what a start throws */
  set(name: string, { workflow, ...settings }: ScheduleSettings): Promise<ScheduleInfo> {
    const named =
      typeof workflow === 'string' ? workflow : { name: workflow.name, version: workflow.version };
    return this.#http.put(path`/v1/schedules/${name}`, inBody({ workflow: named, ...settings }));
  }

  /** The next times, as milliseconds since 1970. @throws StepwellError `SCHEDULE_NOT_FOUND` */
  async next(name: string, count = 5): Promise<number[]> {
    const address = withQuery(path`/v1/schedules/${name}/next`, { count });
    return (await this.#http.get<{ times: number[] }>(address)).times;
  }

  /** @throws StepwellError `SCHEDULE_NOT_FOUND` */
  async pause(name: string, { reason }: { reason?: string } = {}): Promise<void> {
    await this.#http.post(path`/v1/schedules/${name}/pause`, { reason });
  }

  /** @throws StepwellError `SCHEDULE_NOT_FOUND` */
  async resume(name: string): Promise<void> {
    await this.#http.post(path`/v1/schedules/${name}/resume`);
  }

  /**
   * Starts a run of it now.
   * @param options `id` of the run; the same id again is the same run
   * @throws StepwellError `SCHEDULE_NOT_FOUND`, and what a start throws
   */
  async runNow(name: string, { id }: { id?: string } = {}): Promise<StartedRun> {
    return this.#started(await this.#http.post<Started>(path`/v1/schedules/${name}/run`, { id }));
  }

  /** Removes a schedule. Runs that it has started go on. @throws StepwellError `SCHEDULE_NOT_FOUND` */
  delete(name: string): Promise<void> {
    return this.#http.delete(path`/v1/schedules/${name}`, 'SCHEDULE_NOT_FOUND');
  }
}
