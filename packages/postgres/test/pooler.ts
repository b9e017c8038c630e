import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

const SYNC = 'S'.charCodeAt(0);
const QUERY = 'Q'.charCodeAt(0);
const READY_FOR_QUERY = 'Z'.charCodeAt(0);
const IDLE = 'I'.charCodeAt(0);

/**
 * A pooler in transaction mode, as far as these tests need one: each transaction of a client goes to another connection
 * of the server. What a client leaves behind in one (a setting, a named statement, a LISTEN) is not there the next time.
 */
export class TransactionPooler {
  readonly #url: URL;
  readonly #listener: Server;
  readonly #clients = new Set<Socket>();
  readonly #free: ServerConnection[] = [];
  readonly #waiting: ((server: ServerConnection) => void)[] = [];
  #port = 0;
  /** Transactions that went through. */
  transactions = 0;

  static async to(url: string, connections: number): Promise<TransactionPooler> {
    const pooler = new TransactionPooler(new URL(url));
    for (let n = 0; n < connections; n++) pooler.#free.push(await ServerConnection.to(pooler.#url));
    pooler.#listener.listen(0, '127.0.0.1');
    await once(pooler.#listener, 'listening');
    pooler.#port = (pooler.#listener.address() as AddressInfo).port;
    return pooler;
  }

  private constructor(url: URL) {
    this.#url = url;
    this.#listener = createServer((client) => this.#accept(client));
  }

  get url(): string {
    const url = new URL(this.#url);
    url.hostname = '127.0.0.1';
    url.port = String(this.#port);
    return url.href;
  }

  #accept(client: Socket): void {
    this.#clients.add(client);
    client.on('error', () => {});
    client.on('close', () => this.#clients.delete(client));
    let pending = Buffer.alloc(0);
    let started = false;
    let statement: Buffer[] = [];
    // In the middle of a transaction of several statements.
    let pinned: ServerConnection | null = null;
    client.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      for (;;) {
        const head = started ? 1 : 0;
        const length =
          pending.length < head + 4 ? Number.POSITIVE_INFINITY : head + pending.readInt32BE(head);
        if (pending.length < length) return;
        const message = pending.subarray(0, length);
        pending = pending.subarray(length);
        if (!started) {
          started = true;
          client.write(GREETING);
          continue;
        }
        const ends = message[0] === SYNC || message[0] === QUERY;
        statement.push(message);
        if (!ends) continue;
        const sent = Buffer.concat(statement);
        statement = [];
        const use = (server: ServerConnection) =>
          server.send(sent, client, (isIdle) => {
            pinned = isIdle ? null : server;
            if (isIdle) this.#release(server);
          });
        if (pinned === null) this.#whenFree(use);
        else use(pinned);
      }
    });
  }

  #whenFree(use: (server: ServerConnection) => void): void {
    const server = this.#free.shift();
    if (server === undefined) this.#waiting.push(use);
    else use(server);
  }

  #release(server: ServerConnection): void {
    this.transactions++;
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(server);
    else next(server);
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    for (const server of this.#free) server.end();
    this.#listener.close();
    await once(this.#listener, 'close');
  }
}

/** Authentication is granted, and a query is awaited. */
const GREETING = Buffer.from([
  ...[82, 0, 0, 0, 8, 0, 0, 0, 0],
  ...[75, 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 1],
  ...[READY_FOR_QUERY, 0, 0, 0, 5, IDLE],
]);

class ServerConnection {
  readonly #socket: Socket;
  #pending = Buffer.alloc(0);
  #to: Socket | null = null;
  #answered: (isIdle: boolean) => void = () => {};

  static async to(url: URL): Promise<ServerConnection> {
    const socket = connect({ host: url.hostname, port: Number(url.port) });
    await once(socket, 'connect');
    const connection = new ServerConnection(socket);
    const parameters = `user\0${url.username}\0database\0${url.pathname.slice(1)}\0\0`;
    const startup = Buffer.alloc(8 + parameters.length);
    startup.writeInt32BE(startup.length, 0);
    startup.writeInt32BE(3 << 16, 4);
    startup.write(parameters, 8);
    const { promise, resolve } = Promise.withResolvers<void>();
    connection.#answered = () => resolve();
    socket.write(startup);
    await promise;
    return connection;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', (chunk) => this.#read(chunk));
  }

  /** `answered` is told whether no transaction is open. */
  send(statement: Buffer, from: Socket, answered: (isIdle: boolean) => void): void {
    this.#to = from;
    this.#answered = answered;
    this.#socket.write(statement);
  }

  #read(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    while (this.#pending.length >= 5) {
      const length = 1 + this.#pending.readInt32BE(1);
      if (this.#pending.length < length) return;
      const message = this.#pending.subarray(0, length);
      this.#pending = this.#pending.subarray(length);
      this.#to?.write(message);
      if (message[0] === READY_FOR_QUERY) this.#answered(message[5] === IDLE);
    }
  }

  end(): void {
    this.#socket.destroy();
  }
}
