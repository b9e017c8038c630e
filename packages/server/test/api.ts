import type { Hono } from 'hono';
import { Stepwell, type RunEvent } from 'stepwell';
import { gather } from '../../stepwell/test/gather.ts';
import { assemble, type AppOptions } from '../src/app.ts';
import type { Route } from '../src/route.ts';
import { expectDescribed } from './described.ts';
import { approval, echo, fragile, greet, relay, stages, strict } from './workflows.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** An engine in memory with the API before it. Every answer that is not as its route describes it fails the test. */
export class TestApi implements AsyncDisposable {
  readonly well: Stepwell;
  readonly app: Hono;
  readonly routes: readonly Route[];
  readonly logged: [message: string, error: unknown][] = [];
  #checksAnswers = true;

  private constructor(well: Stepwell, options: AppOptions) {
    this.well = well;
    const log = (message: string, error: unknown) => this.logged.push([message, error]);
    const { app, routes } = assemble(well, { log, ...options });
    this.app = app;
    this.routes = routes;
  }
  static async open(options: AppOptions = {}): Promise<TestApi> {
    const workflows = [greet, echo, approval, stages, fragile, relay, strict];
    return new TestApi(await Stepwell.open({ store: 'memory:', workflows }), options);
  }
  /** With an engine that somebody else has opened, and closes. */
  static on(well: Stepwell, options: AppOptions): TestApi {
    return new TestApi(well, options);
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.well.close();
  }

  /** For tests that put errors into routes that these never have. */
  acceptUndescribed(): void {
    this.#checksAnswers = false;
  }

  get(path: string): Promise<Answer> {
    return this.ask(path, {});
  }
  post(path: string, body?: unknown): Promise<Answer> {
    return this.ask(path, { method: 'POST', ...(body !== undefined && { body: JSON.stringify(body) }) });
  }
  async ask(path: string, init: RequestInit): Promise<Answer> {
    const response = await this.app.request(path, init);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    const answer = {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : isJson ? JSON.parse(text) : text,
    };
    if (this.#checksAnswers) expectDescribed(this.routes, { method: init.method ?? 'GET', path }, answer);
    return answer;
  }

  async stream(id: string, init: RequestInit = {}, query = ''): Promise<Response> {
    return this.app.request(`/v1/runs/${encodeURIComponent(id)}/stream${query}`, init);
  }

  /** Starts a run and resolves with its id. */
  async start(workflow: string, input?: unknown, id?: string): Promise<string> {
    const { body } = await this.post(`/v1/workflows/${workflow}/runs`, { input, id });
    return (body as { id: string }).id;
  }
  /** Ends a run at once, and purges it. */
  async remove(id: string): Promise<void> {
    await this.well.cancel(id, { force: true });
    await gather(this.well.events(id));
    await this.well.purge(id);
  }
  /** Resolves with the first event of a run that fits; rejects when the run ends without one. */
  async event(id: string, fits: (event: RunEvent['event']) => boolean): Promise<RunEvent> {
    for await (const event of this.well.events(id)) if (fits(event.event)) return event;
    throw new Error(`Run ${id} ended without the event.`);
  }
  /** Resolves with the id of the callback that a run waits for. */
  async callback(id: string): Promise<string> {
    const { event } = await this.event(
      id,
      (event) => event.type === 'operation.started' && event.kind === 'callback',
    );
    return (event as { callback: string }).callback;
  }
}
