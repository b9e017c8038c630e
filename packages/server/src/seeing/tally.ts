import type { Metric, Registry } from 'prom-client';

interface Description {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
}

interface Value {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
}

/*
 * Counters and histograms for what happens at every step. Those of prom-client look their labels up by a hash of an
 * object at each turn: that took half as long as all the rest of a step in memory.
 * prom-client's registry writes them out like its own.
 */

/** One count for each combination of labels. */
abstract class Tally<Cell> {
  readonly name: string;
  readonly help: string;
  readonly #labelNames: readonly string[];
  readonly #cells = new Map<string, { readonly labels: Value['labels']; readonly cell: Cell }>();

  constructor({ name, help, labelNames = [] }: Description, registry: Registry) {
    this.name = name;
    this.help = help;
    this.#labelNames = labelNames;
    // The registry asks a metric for its name and its values, whatever its class.
    registry.registerMetric(this as unknown as Metric);
  }

  protected abstract make(): Cell;
  protected abstract valuesOf(labels: Value['labels'], cell: Cell): Value[];

  /** The cell of label values, in the order of their names; made when it is first asked for. */
  protected cell(first = '', second = '', third = ''): Cell {
    const key = second === '' ? first : `${first}\n${second}\n${third}`;
    const found = this.#cells.get(key);
    if (found !== undefined) return found.cell;
    const given = [first, second, third];
    const labels = Object.fromEntries(this.#labelNames.map((name, index) => [name, given[index]!]));
    const cell = this.make();
    this.#cells.set(key, { labels, cell });
    return cell;
  }

  abstract readonly type: string;

  /** As prom-client's registry wants it. */
  async get() {
    if (this.#labelNames.length === 0) this.cell();
    const { name, help, type } = this;
    const values = [...this.#cells.values()].flatMap(({ labels, cell }) => this.valuesOf(labels, cell));
    return { name, help, type, values, aggregator: 'sum' };
  }
}

export class CountTally extends Tally<{ count: number }> {
  readonly type = 'counter';

  add(count: number, first?: string, second?: string, third?: string): void {
    this.cell(first, second, third).count += count;
  }

  protected make() {
    return { count: 0 };
  }

  protected valuesOf(labels: Value['labels'], { count }: { count: number }): Value[] {
    return [{ labels, value: count }];
  }
}

interface Observed {
  /** How many fell into each bucket, not into those below; the last is for what is beyond all bounds. */
  readonly buckets: number[];
  sum: number;
}

export class HistogramTally extends Tally<Observed> {
  readonly type = 'histogram';
  readonly #bounds: readonly number[];

  /** @param bounds upper bounds of the buckets, ascending */
  constructor(description: Description & { readonly bounds: readonly number[] }, registry: Registry) {
    super(description, registry);
    this.#bounds = description.bounds;
  }

  observe(value: number, first?: string, second?: string): void {
    const cell = this.cell(first, second);
    let bucket = 0;
    while (bucket < this.#bounds.length && value > this.#bounds[bucket]!) bucket++;
    cell.buckets[bucket]!++;
    cell.sum += value;
  }

  protected make(): Observed {
    return { buckets: [...this.#bounds, 0].map(() => 0), sum: 0 };
  }

  protected valuesOf(labels: Value['labels'], { buckets, sum }: Observed): Value[] {
    let count = 0;
    const metricName = `${this.name}_bucket`;
    const cumulative = buckets.map((n, index) => {
      const le = this.#bounds[index] ?? '+Inf';
      return { metricName, labels: { ...labels, le }, value: (count += n) };
    });
    return [
      ...cumulative,
      { metricName: `${this.name}_sum`, labels, value: sum },
      { metricName: `${this.name}_count`, labels, value: count },
    ];
  }
}
