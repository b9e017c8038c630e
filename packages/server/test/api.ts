import type { Hono } from 'hono';
import { Stepwell, type RunEvent } from 'stepwell';
import { createApp, type AppOptions } from '../src/index.ts';
import { approval, echo, fragile, greet, relay, stages, strict } from './workflows.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** An engine in memory with the API before it. */
export class TestApi implements AsyncDisposable {
  readonly well: Stepwell;
  readonly app: Hono;
  readonly logged: [message: string, error: unknown][] = [];

  private constructor(well: Stepwell, options: AppOptions) {
    this.well = well;
    this.app = createApp(well, { log: (message, error) => this.logged.push([message, error]), ...options });
  }
  static async open(options: AppOptions = {}): Promise<TestApi> {
    const workflows = [greet, echo, approval, stages, fragile, relay, strict];
    return new TestApi(await Stepwell.open({ store: 'memory:', workflows }), options);
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.well.close();
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
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
  }

  async stream(id: string, init: RequestInit = {}, query = ''): Promise<Response> {
    return this.app.request(`/v1/runs/${encodeURIComponent(id)}/stream${query}`, init);
  }

  /** Starts a run and resolves with its id. */
  async start(workflow: string, input?: unknown, id?: string): Promise<string> {
    const { body } = await this.post(`/v1/workflows/${workflow}/runs`, { input, id });
    return (body as { id: string }).id;
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
