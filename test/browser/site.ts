import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request as ask, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { pipeline } from 'node:stream';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

/**
 * A web site as somebody has it who uses Stepwell: pages and scripts of its own, and, if it has a port of a Stepwell
 * server, a reverse proxy that passes on whatever is no page of its own, with the Host header as it came.
 */
export class Site implements AsyncDisposable {
  readonly #http = createServer((request, response) => void this.#answer(request, response));
  readonly #pages = new Map<string, string>();
  readonly #folders = new Map<string, string>();
  readonly #behind: number | null;

  private constructor(behind: number | null) {
    this.#behind = behind;
  }
  /** @param behind port of a Stepwell server on this machine; null: the site is only a site */
  static async open(behind: number | null = null): Promise<Site> {
    const site = new Site(behind);
    await once(site.#http.listen(0, '127.0.0.1'), 'listening');
    return site;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** An HTML page. */
  page(path: string, html: string): void {
    this.#pages.set(path, html);
  }

  /** What is in a folder, below a path such as `/scripts/`. */
  folder(path: string, directory: string): void {
    this.#folders.set(path, directory);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#http, 'close');
    this.#http.close();
    this.#http.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url!, this.url);
    const file = await this.#own(pathname);
    if (file !== null) return void response.writeHead(200, { 'Content-Type': file.type }).end(file.content);
    if (this.#behind === null) return void response.writeHead(404).end();
    this.#passOn(this.#behind, request, response);
  }

  async #own(path: string): Promise<{ type: string; content: string | Buffer } | null> {
    const page = this.#pages.get(path);
    if (page !== undefined) return { type: TYPES['.html']!, content: page };
    const [under, directory] = [...this.#folders].find(([each]) => path.startsWith(each)) ?? [];
    const type = TYPES[extname(path)];
    if (under === undefined || directory === undefined || type === undefined) return null;
    return { type, content: await readFile(join(directory, normalize(path.slice(under.length)))) };
  }

  #passOn(port: number, request: IncomingMessage, response: ServerResponse): void {
    const { method, url, headers } = request;
    const asked = ask({ host: '127.0.0.1', port, method, path: url, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      // What breaks on one side breaks on the other.
      pipeline(answer, response, () => {});
    });
    // A connection that ends without an answer: the browser sees the server itself go, not a proxy that is still there.
    asked.on('error', () => response.destroy());
    response.on('close', () => asked.destroy());
    request.pipe(asked);
  }
}
