import { type Behaviour, type FailureRule, parseFailureRule } from './failure-rule.ts';
import { type Entry, Ledger, type Service } from './ledger.ts';

const STOCK: Readonly<Record<string, number>> = { camera: 8, lens: 20, strap: 100, tripod: 0 };

/** What a service says to one request. A delivery that is `held` or `lost` never reaches the caller. */
export interface Answer {
  readonly status: number;
  readonly body: object | string;
  readonly delivery: 'sent' | 'held' | 'lost';
}

/** What lies outside the shop and does not go away when the shop's server is killed: payments, stock, mail. */
export class OutsideWorld {
  readonly ledger: Ledger;
  readonly #chargeRule: FailureRule;
  readonly #onEntry: (entry: Entry) => void;

  /** @param chargeRule how charges fail, see {@link parseFailureRule} */
  constructor(ledgerPath: string, chargeRule: string, onEntry: (entry: Entry) => void) {
    this.#chargeRule = parseFailureRule(chargeRule);
    this.ledger = new Ledger(ledgerPath);
    this.#onEntry = onEntry;
  }

  stockOf(skus: readonly string[], key: string): Answer {
    this.#record({ service: 'stock', key, outcome: 'done', answer: 200, request: skus });
    return sent(200, Object.fromEntries(skus.map((sku) => [sku, STOCK[sku] ?? 0])));
  }

  /** Does what is asked for, unless it was done before under the same key: then the answer is the same as then. */
  perform(service: Exclude<Service, 'stock'>, key: string, request: object): Answer {
    const behaviour =
      service === 'charge' ? this.#chargeRule(key, this.ledger.requests(service, key) + 1) : 'ok';
    const refusal = statusOfRefusal(behaviour);
    if (refusal !== undefined) return this.#refuse(service, key, request, refusal);

    const earlier = this.ledger.effect(service, key);
    if (earlier !== undefined && JSON.stringify(earlier.request) !== JSON.stringify(request)) {
      return this.#refuse(service, key, request, 422);
    }
    const id = earlier?.id ?? `${service}-${this.ledger.effects(service).length + 1}`;
    const status = earlier === undefined ? 201 : 200;
    const delivery = behaviour === 'held' || behaviour === 'lost' ? behaviour : 'sent';
    this.#record({
      service,
      key,
      outcome: earlier === undefined ? 'done' : 'repeated',
      answer: delivery === 'sent' ? status : delivery,
      id,
      request,
    });
    return { status, body: { id }, delivery };
  }

  /** The id in the newest mail that asks this person for something; undefined: nobody has. */
  newestCallback(address: string): string | undefined {
    const mails = this.ledger
      .effects('mail')
      .map((entry) => entry.request as { to?: string; callback?: string });
    return mails.findLast((mail) => mail.to === address && mail.callback !== undefined)?.callback;
  }

  #refuse(service: Service, key: string, request: object, status: number): Answer {
    this.#record({ service, key, outcome: 'refused', answer: status, request });
    return sent(status, { error: REFUSALS[status] ?? 'try again later' });
  }

  #record(entry: Omit<Entry, 'at'>): void {
    const dated: Entry = { at: Date.now(), ...entry };
    this.ledger.append(dated);
    this.#onEntry(dated);
  }
}

const REFUSALS: Readonly<Record<number, string>> = {
  402: 'card declined',
  422: 'this idempotency key was used for another request',
};

function sent(status: number, body: object): Answer {
  return { status, body, delivery: 'sent' };
}

function statusOfRefusal(behaviour: Behaviour): number | undefined {
  return behaviour === 'declined' ? 402 : typeof behaviour === 'number' ? behaviour : undefined;
}
