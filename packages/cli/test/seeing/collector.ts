import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** A span as the OpenTelemetry protocol writes it in JSON. */
export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code?: number };
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
}

interface OtlpExport {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: OtlpSpan['attributes'] };
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string };
      readonly spans: readonly OtlpSpan[];
    }[];
  }[];
}

/** An OpenTelemetry collector that keeps what it is sent. */
export class Collector implements AsyncDisposable {
  readonly spans: OtlpSpan[] = [];
  readonly services = new Set<unknown>();
  readonly paths = new Set<string | undefined>();
  readonly #http = createServer((request, response) => {
    this.paths.add(request.url);
    void json(request).then((sent) => {
      this.#keep(sent as OtlpExport);
      response.setHeader('Content-Type', 'application/json').end('{}');
    });
  });

  #keep(sent: OtlpExport): void {
    for (const { resource, scopeSpans } of sent.resourceSpans) {
      this.services.add(resource.attributes.find(({ key }) => key === 'service.name')?.value['stringValue']);
      this.spans.push(...scopeSpans.flatMap(({ spans }) => spans));
    }
  }

  static async open(): Promise<Collector> {
    const collector = new Collector();
    collector.#http.listen(0, '127.0.0.1');
    await once(collector.#http, 'listening');
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#http, 'close');
    this.#http.close();
    this.#http.closeAllConnections();
    await closed;
  }
}
