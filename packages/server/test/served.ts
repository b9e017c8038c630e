import { Stepwell } from 'stepwell';
import { serve, type ServeOptions, type Server } from '../src/index.ts';
import { approval, echo, greet, stages } from './workflows.ts';

/** An engine in memory with a server before it. */
export class Served implements AsyncDisposable {
  readonly well: Stepwell;
  readonly server: Server;

  private constructor(well: Stepwell, server: Server) {
    this.well = well;
    this.server = server;
  }
  static async open(options: ServeOptions = {}): Promise<Served> {
    const well = await Stepwell.open({ store: 'memory:', workflows: [approval, echo, greet, stages] });
    return new Served(well, await serve(well, { port: 0, ...options }));
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    await this.well.close();
  }

  get url(): string {
    return this.server.url;
  }
}
