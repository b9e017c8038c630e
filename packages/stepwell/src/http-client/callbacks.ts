import type { FailedWith } from '../client/callbacks.ts';
import { failureOf } from '../model/failure.ts';
import { path } from './address.ts';
import type { Http } from './http.ts';

/** Completes callbacks by their ids. */
export class RemoteCallbacks {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** @throws StepwellError `CALLBACK_NOT_FOUND`, `CALLBACK_COMPLETED`, `CALLBACK_CLOSED`, `VALUE_NOT_JSON`, `PAYLOAD_TOO_LARGE` */
  async succeed(id: string, value?: unknown): Promise<void> {
    await this.#http.post(path`/v1/callbacks/${id}/succeed`, { value });
  }

  /** Of an Error, its name, message and own properties get there. @throws as `succeed` */
  async fail(id: string, error: FailedWith): Promise<void> {
    await this.#http.post(path`/v1/callbacks/${id}/fail`, error instanceof Error ? bodyOf(error) : error);
  }

  /** @throws as `succeed` */
  async heartbeat(id: string): Promise<void> {
    await this.#http.post(path`/v1/callbacks/${id}/heartbeat`);
  }
}

function bodyOf(error: Error): object {
  const { name, message, data } = failureOf(error);
  return { name, message, data };
}
