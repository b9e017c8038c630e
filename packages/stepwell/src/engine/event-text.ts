import type { JournalEvent } from '../model/event.ts';

/**
 * The JSON text of an event. The two events of every ordinary step are put together by hand: 0.12 instead of 0.28 µs
 * each (Node 24).
 */
export function textOf(event: JournalEvent): string {
  if (event.type === 'operation.started') {
    const isPlain = event.kind === 'step' && event.atMostOnce === undefined && event.held === undefined;
    if (isPlain) return `{"type":"operation.started","op":${JSON.stringify(event.op)},"kind":"step"}`;
  } else if (event.type === 'operation.succeeded' && event.value !== undefined && event.from === undefined) {
    return `{"type":"operation.succeeded","op":${JSON.stringify(event.op)},"value":${JSON.stringify(event.value)}}`;
  }
  return JSON.stringify(event);
}
