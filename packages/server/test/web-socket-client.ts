import { once } from 'node:events';
import { WebSocket, type ClientOptions } from 'ws';

export interface Said {
  readonly type: string;
  readonly id?: unknown;
  readonly subscription?: unknown;
  readonly cursor?: string;
  readonly [field: string]: unknown;
}

/** A client of `/v1/ws`: asks, and keeps what it hears. */
export class SocketClient implements AsyncDisposable {
  readonly socket: WebSocket;
  readonly heard: Said[] = [];
  #listening: (() => void) | null = null;
  #asked = 0;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data) => {
      this.heard.push(JSON.parse((data as Buffer).toString('utf8')) as Said);
      this.#listening?.();
    });
    socket.on('close', () => this.#listening?.());
    socket.on('error', () => {});
  }

  /** @throws what `ws` says if the server does not take it */
  static async open(url: string, options: ClientOptions = {}): Promise<SocketClient> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/ws`, options);
    const client = new SocketClient(socket);
    await once(socket, 'open');
    return client;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    const closed = once(this.socket, 'close');
    this.socket.terminate();
    await closed;
  }

  /** Sends a message, under an id of its own if it has none, and resolves with the answer or problem. */
  async ask(message: { type: string; id?: unknown; [field: string]: unknown }): Promise<Said> {
    const { id = `ask-${++this.#asked}` } = message;
    this.socket.send(JSON.stringify({ ...message, id }));
    return this.first((said) => ['answer', 'problem'].includes(said.type) && said.id === id);
  }

  /** The first of all that it hears, from the beginning, that fits. @throws Error if the connection ends without it */
  async first(fits: (said: Said) => boolean): Promise<Said> {
    for (let n = 0; ; n++) {
      while (n >= this.heard.length) await this.next();
      if (fits(this.heard[n]!)) return this.heard[n]!;
    }
  }

  /** Resolves when it hears something more. @throws Error if the connection ends before that */
  async next(): Promise<void> {
    if (this.socket.readyState !== WebSocket.OPEN) throw new Error('The connection has ended.');
    await new Promise<void>((resolve) => (this.#listening = resolve));
  }

  /** What it has heard of a subscription. */
  of(subscription: unknown): Said[] {
    return this.heard.filter((said) => said.subscription === subscription);
  }
}
