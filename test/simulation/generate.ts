import type { Chance } from './chance.ts';
import type { Action, Program } from './program.ts';

const DEEPEST = 3;

/** What may stand in a place: a branch of a race must end well, an item of a map is performed many times. */
interface Place {
  readonly depth: number;
  readonly mayFail: boolean;
  readonly mayWaitForEvents: boolean;
}

/** Makes up small programs whose outcome can be foretold. */
export class Generator {
  readonly #chance: Chance;
  #names = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  program(): Program {
    const actions = this.#actions(this.#chance.between(1, 5), {
      depth: 0,
      mayFail: true,
      mayWaitForEvents: true,
    });
    if (this.#chance.happens(0.15))
      return [...this.#undoables(), ...actions, { do: 'throw', message: 'on purpose' }];
    if (this.#chance.happens(0.1))
      return [...actions, { do: 'continue', program: this.#actions(2, INSIDE_OTHER_RUN) }];
    return actions;
  }

  #undoables(): Action[] {
    return Array.from({ length: this.#chance.between(1, 3) }, () => ({
      do: 'step',
      name: this.#name('undoable'),
      takes: this.#takes(),
      failures: 0,
      undo: true,
    }));
  }

  #actions(count: number, place: Place): Action[] {
    return Array.from({ length: count }, () => this.#action(place));
  }

  #action(place: Place): Action {
    const inside = { ...place, depth: place.depth + 1 };
    const nest = place.depth < DEEPEST && this.#chance.happens(0.35);
    if (!nest) return this.#leaf(place);
    const branches = (place: Place) =>
      Array.from({ length: this.#chance.between(2, 3) }, () =>
        this.#actions(this.#chance.between(1, 2), place),
      );
    switch (
      this.#chance.oneOf(['try', 'group', 'parallel', 'map', 'race', 'all', 'child', 'detached'] as const)
    ) {
      case 'try':
        return { do: 'try', program: this.#failing(inside) };
      case 'group':
        return { do: 'group', name: this.#name('group'), program: this.#actions(2, inside) };
      case 'parallel':
        return {
          do: 'parallel',
          name: this.#name('parallel'),
          branches: branches({ ...inside, mayFail: false }),
        };
      case 'all':
        return { do: 'all', branches: branches({ ...inside, mayFail: false }) };
      case 'race':
        // Its losers would take events that later actions wait for, and nobody raises them twice.
        return { do: 'race', branches: branches({ ...inside, mayFail: false, mayWaitForEvents: false }) };
      case 'map':
        return this.#map({ ...inside, mayFail: false, mayWaitForEvents: false });
      case 'child':
        return { do: 'child', program: this.#actions(2, { ...INSIDE_OTHER_RUN, depth: inside.depth }) };
      case 'detached':
        return { do: 'detached', program: this.#actions(2, { ...INSIDE_OTHER_RUN, depth: inside.depth }) };
    }
  }

  #failing(place: Place): Action[] {
    const first = this.#actions(this.#chance.between(0, 1), { ...place, mayFail: false });
    const failing = this.#chance.oneOf<() => Action>([
      () => ({ do: 'throw', message: this.#name('thrown') }),
      () => ({
        do: 'step',
        name: this.#name('hopeless'),
        takes: this.#takes(),
        failures: 'always',
        attempts: 2,
      }),
      () => ({ do: 'callback', name: this.#name('refusal'), answer: 'fail', after: this.#after() }),
      () => ({
        do: 'callback',
        name: this.#name('hurry'),
        answer: 'succeed',
        after: this.#after(),
        timeout: this.#after(),
      }),
      () => ({
        do: 'callback',
        name: this.#name('silence'),
        answer: 'never',
        after: 0,
        timeout: this.#after(),
      }),
      () => ({ do: 'event', name: this.#name('never'), missing: true }),
      () => ({
        do: 'child',
        program: [...this.#actions(1, INSIDE_OTHER_RUN), { do: 'throw', message: 'in a child' }],
      }),
    ]);
    return [...first, failing()];
  }

  #map(inside: Place): Action {
    const items = this.#chance.between(1, 5);
    const failing = Array.from({ length: items }, (_, index) => index).filter(() =>
      this.#chance.happens(0.2),
    );
    const name = this.#name('map');
    const concurrency = this.#chance.between(1, items);
    const program = this.#actions(this.#chance.between(1, 2), inside);
    return { do: 'map', name, items, failing, tolerate: failing.length, concurrency, program };
  }

  #leaf({ mayFail, mayWaitForEvents }: Place): Action {
    const kinds = [
      'step',
      'step',
      'step',
      'shaky',
      'once',
      'sleep',
      'callback',
      'condition',
      'tell',
      'recall',
    ] as const;
    const kind = this.#chance.oneOf([...kinds, ...(mayWaitForEvents ? (['event'] as const) : [])]);
    switch (kind) {
      case 'step':
        return { do: 'step', name: this.#name('step'), takes: this.#takes(), failures: 0 };
      case 'shaky': {
        const attempts = this.#chance.between(2, 4);
        const failures =
          mayFail && this.#chance.happens(0.05) ? 'always' : this.#chance.between(0, attempts - 1);
        const hangs = this.#chance.happens(0.2) ? ({ hangs: true } as const) : {};
        const name = this.#name('shaky');
        return failures === attempts - 1 || failures === 'always'
          ? { do: 'step', name, takes: this.#takes(), failures, attempts, jitter: true }
          : // A paused process may find that a body has taken too long though it had ended: room for that.
            { do: 'step', name, takes: this.#takes(), failures, attempts: attempts + 6, ...hangs };
      }
      case 'once':
        return {
          do: 'once',
          name: this.#name('once'),
          takes: this.#takes(),
          reconcile: this.#chance.happens(0.5),
        };
      case 'sleep':
        return { do: 'sleep', ms: this.#after() };
      case 'event':
        return { do: 'event', name: this.#name('event') };
      case 'callback':
        return { do: 'callback', name: this.#name('callback'), answer: 'succeed', after: this.#after() };
      case 'condition':
        return { do: 'condition', name: this.#name('condition'), checks: this.#chance.between(1, 4) };
      case 'tell':
        return { do: 'tell' };
      case 'recall':
        return { do: 'recall', name: this.#name('recall') };
    }
  }

  #takes(): number {
    return this.#chance.oneOf([0, 1, 10, 50, 400]);
  }

  #after(): number {
    return this.#chance.oneOf([0, 20, 100, 300, 1_500]);
  }

  /** Each name once: an operation's name is then as good as its id. */
  #name(kind: string): string {
    return `${kind} ${++this.#names}`;
  }
}

/** Nobody outside knows the ids of children: nobody can raise events to them. */
const INSIDE_OTHER_RUN: Place = { depth: 1, mayFail: false, mayWaitForEvents: false };
