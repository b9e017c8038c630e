import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { openSeeing, Traces } from '@stepwell/server';

/** Instruments whose spans are kept in memory by the SDK. */
export function tracedInMemory() {
  const exporter = new InMemorySpanExporter();
  const traces = new Traces(
    (idGenerator) =>
      new TracerProvider({ idGenerator, spanProcessors: [new SimpleSpanProcessor({ exporter })] }),
  );
  const { instruments } = openSeeing({ traces });
  const spans = () =>
    exporter.getFinishedSpans().map((span) => ({
      name: span.name,
      traceId: span.spanContext().traceId,
      spanId: span.spanContext().spanId,
      parent: span.parentSpanContext?.spanId,
      start: millisecondsOf(span.startTime),
      end: millisecondsOf(span.endTime),
      status: span.status,
      attributes: span.attributes,
      events: span.events,
    }));
  return { instruments, spans };
}

function millisecondsOf([seconds, nanoseconds]: readonly [number, number]): number {
  return seconds * 1_000 + nanoseconds / 1_000_000;
}
