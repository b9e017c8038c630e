import { diag, type DiagLogger, DiagLogLevel } from '@opentelemetry/api';
import { type Logs, Traces } from '@stepwell/server';
import { StepwellError } from 'stepwell';

/** Spans that wait to be sent; more are dropped, so that a collector that is away costs no memory. */
const MOST_WAITING = 20_000;

interface Otlp {
  readonly traces: Traces;
  /** Sends what waits. */
  close(): Promise<void>;
}

/**
 * Sends traces to an OpenTelemetry collector over HTTP. The SDK is loaded only here: it is larger than all the rest.
 * @param url the collector's base address; undefined: as OTEL_EXPORTER_OTLP_ENDPOINT and its like say
 * @param logs is told when spans cannot be sent
 * @throws StepwellError `OPTION_INVALID`
 */
export async function openOtlp(url: string | undefined, logs: Logs): Promise<Otlp> {
  const address = url === undefined ? undefined : tracesAt(url);
  const [{ BatchSpanProcessor, TracerProvider }, { OTLPTraceExporter }, { resourceFromAttributes }] =
    await Promise.all([
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ]);
  diag.setLogger(toldOnce(logs), DiagLogLevel.ERROR);
  const exporter = new OTLPTraceExporter(address === undefined ? {} : { url: address });
  const processor = new BatchSpanProcessor({ exporter, maxQueueSize: MOST_WAITING });
  const resource = resourceFromAttributes({ 'service.name': process.env['OTEL_SERVICE_NAME'] ?? 'stepwell' });
  let shutdown = async () => {};
  const traces = new Traces((idGenerator) => {
    const provider = new TracerProvider({ idGenerator, resource, spanProcessors: [processor] });
    shutdown = () => provider.shutdown();
    return provider;
  });
  return { traces, close: () => shutdown() };
}

/** Whether the environment says where a collector is. */
export function collectorIsKnown(env: NodeJS.ProcessEnv): boolean {
  return Boolean(env['OTEL_EXPORTER_OTLP_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']);
}

function tracesAt(url: string): string {
  const base = URL.parse(url);
  if (base !== null && /^https?:$/.test(base.protocol)) return `${url.replace(/\/$/, '')}/v1/traces`;
  throw new StepwellError(
    'OPTION_INVALID',
    `The collector's address must be a URL such as http://127.0.0.1:4318, not "${url}".`,
  );
}

/** The SDK says it of each batch: once is enough to look into it. */
function toldOnce(logs: Logs): DiagLogger {
  let told = false;
  const silent = () => {};
  const error = (message: string) => {
    if (!told)
      logs.error(
        'Traces could not be sent. It goes on being tried, and this is said once.',
        messageIn(message),
      );
    told = true;
  };
  return { error, warn: silent, info: silent, debug: silent, verbose: silent };
}

/** The SDK tells an error as the JSON of all its fields. */
function messageIn(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    return typeof message === 'string' ? message : text;
  } catch {
    return text;
  }
}
