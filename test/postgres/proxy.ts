import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Towards the server, or back from it. */
export type Direction = 'request' | 'answer';

interface Link {
  readonly client: Socket;
  readonly server: Socket;
}

interface Cut {
  readonly direction: Direction;
  readonly holding: Buffer | null;
  readonly done: () => void;
}

/**
 * Stands between clients and a PostgreSQL server, and is the network in all its moods. It knows nothing of the protocol:
 * what it is told to cut, it cuts in the middle of whatever passes.
 */
export class Proxy {
  #target: { readonly host: string; readonly port: number };
  readonly #listener: Server;
  readonly #links = new Set<Link>();
  #url: URL;
  #cut: Cut | null = null;
  #delayMs = 0;
  #isHolding = false;
  #isRefusing = false;
  /** What is on its way later, in order. */
  #held: (() => void)[] = [];

  static async to(url: string): Promise<Proxy> {
    const proxy = new Proxy(new URL(url));
    proxy.#listener.listen(0, '127.0.0.1');
    await once(proxy.#listener, 'listening');
    proxy.#url.port = String((proxy.#listener.address() as AddressInfo).port);
    return proxy;
  }

  private constructor(url: URL) {
    this.#target = targetOf(url);
    this.#url = new URL(url);
    this.#url.hostname = '127.0.0.1';
    this.#listener = createServer((client) => this.#accept(client));
  }

  /** The server's address by way of this proxy. */
  get url(): string {
    return this.#url.href;
  }

  /** New connections go to the server at that address; those that there are stay where they are. */
  aim(url: string): void {
    this.#target = targetOf(new URL(url));
  }

  get connections(): number {
    return this.#links.size;
  }

  /** Cuts all connections now. */
  cut(): void {
    for (const link of this.#links) sever(link);
  }

  /**
   * Cuts a connection half way through the next message in that direction; resolves when it has. `request`: the server gets
   * half of it. `answer`: the server has done what it was asked, and the client hears only half of it.
   * `holding`: only a message that has this text in it counts.
   */
  cutNext(direction: Direction, holding?: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#cut = { direction, holding: holding === undefined ? null : Buffer.from(holding), done: resolve };
    return promise;
  }

  /** Everything takes that much longer, in both directions. */
  delay(milliseconds: number): void {
    this.#delayMs = milliseconds;
  }

  /** Nothing passes, and nobody is told: a network that swallows packets. What was sent meanwhile passes at {@link release}. */
  hold(): void {
    this.#isHolding = true;
  }

  release(): void {
    this.#isHolding = false;
    const held = this.#held;
    this.#held = [];
    for (const pass of held) pass();
  }

  /** Whether new connections are closed at once. */
  refuse(isRefusing: boolean): void {
    this.#isRefusing = isRefusing;
  }

  async close(): Promise<void> {
    this.cut();
    this.#listener.close();
    await once(this.#listener, 'close');
  }

  #accept(client: Socket): void {
    if (this.#isRefusing) {
      client.destroy();
      return;
    }
    const link = { client, server: connect({ ...this.#target, noDelay: true }) };
    client.setNoDelay(true);
    this.#links.add(link);
    this.#carry(link, 'request', client, link.server);
    this.#carry(link, 'answer', link.server, client);
  }

  #carry(link: Link, direction: Direction, from: Socket, to: Socket): void {
    from.on('data', (chunk) => this.#inTime(() => this.#pass(link, direction, chunk, to)));
    from.on('end', () => this.#inTime(() => to.end()));
    from.on('error', () => sever(link));
    from.on('close', () => {
      this.#links.delete(link);
      this.#inTime(() => to.destroy());
    });
  }

  #inTime(pass: () => void): void {
    const now = () => {
      if (this.#isHolding) this.#held.push(pass);
      else pass();
    };
    if (this.#delayMs > 0) setTimeout(now, this.#delayMs);
    else now();
  }

  #pass(link: Link, direction: Direction, chunk: Buffer, to: Socket): void {
    const cut = this.#cut;
    if (cut?.direction !== direction || (cut.holding !== null && !chunk.includes(cut.holding))) {
      to.write(chunk);
      return;
    }
    this.#cut = null;
    // The half that passes must arrive before the end does.
    to.write(chunk.subarray(0, Math.ceil(chunk.length / 2)), () => {
      sever(link);
      cut.done();
    });
  }
}

const targetOf = (url: URL) => ({ host: url.hostname, port: Number(url.port || 5432) });

function sever({ client, server }: Link): void {
  client.destroy();
  server.destroy();
}
