import { styleText } from 'node:util';
import type { RunEvent } from 'stepwell';
import type { Entry } from '../ledger.ts';

type Tone = 'green' | 'red' | 'yellow' | 'cyan' | 'dim' | 'bold';

/** Prints what happens, each line with its time: plain text where the output is not a terminal. */
export class Story {
  readonly #began = performance.now();
  #worker: string | undefined;

  /** Seconds since the beginning. */
  get seconds(): number {
    return (performance.now() - this.#began) / 1000;
  }

  tell(who: string, what: string, tone: Tone = 'dim'): void {
    const time = `${this.seconds.toFixed(2).padStart(6)} s`;
    console.log(`${styleText('dim', time)}  ${who.padEnd(16)}  ${styleText(tone, what)}`);
  }

  tellEvent(told: RunEvent): void {
    const { event } = told;
    if (event.type === 'run.activated') return this.#tellActivation(event.worker);
    const line = describe(told);
    if (line !== null) this.tell(...line);
  }

  /** Each process has a worker of its own. */
  #tellActivation(worker: string): void {
    if (this.#worker !== undefined) {
      const text =
        worker === this.#worker ? 'wakes up' : 'goes on where its journal ends, in another process';
      this.tell('order', `↻ ${text}`, 'cyan');
    }
    this.#worker = worker;
  }

  /** The other side of the same things. */
  tellRequest({ service, outcome, answer }: Entry): void {
    if (service !== 'charge') return;
    if (outcome === 'refused') this.tell('  payment API', `refuses: ${answer}`, 'yellow');
    else if (outcome === 'repeated')
      this.tell('  payment API', 'knows the key: charged before, not again', 'green');
    else
      this.tell(
        '  payment API',
        answer === 'held' ? 'charges the card, but its answer does not come' : 'charges the card',
        'bold',
      );
  }
}

/** What the end of an operation means in the shop. */
const DONE: Readonly<Record<string, string>> = {
  'check stock': 'everything is in stock',
  'approval/submit': 'the manager is asked',
  approval: 'the manager has approved',
  notify: 'the customer is told',
};

function describe({ at, event }: RunEvent): [who: string, what: string, tone?: Tone] | null {
  switch (event.type) {
    case 'run.started':
      return ['order', '● begins', 'cyan'];
    case 'run.succeeded':
      return ['order', `✓ ended: ${JSON.stringify(event.output)}`, 'green'];
    case 'run.failed':
    case 'run.stuck':
      return ['order', `✗ ${event.type.slice('run.'.length)}: ${event.error.message}`, 'red'];
    case 'operation.started':
      return event.kind === 'callback'
        ? [event.op, '◌ waits for a person, for up to 24 h', 'yellow']
        : [event.op, '▸ begins'];
    case 'operation.attempt':
      return [event.op, `▸ attempt ${event.attempt}`];
    case 'operation.retrying':
      return [event.op, `✗ ${event.error?.message}; again in ${event.until - at} ms`, 'yellow'];
    case 'operation.succeeded':
      return [event.op, `✓ ${DONE[event.op] ?? JSON.stringify(event.value)}`, 'green'];
    case 'operation.failed':
      return [event.op, `✗ ${event.error.message}`, 'red'];
    default:
      return null;
  }
}
