import type { Chance } from './chance.ts';
import { SIDE_QUEUE } from './interpret.ts';
import { GIFTS, type Action, type ChildTerms, type Gift, type Program } from './program.ts';

const DEEPEST = 3;

/** What may stand in a place: a branch of a race must end well, an item of a map is performed many times. */
interface Place {
  readonly depth: number;
  readonly mayFail: boolean;
  readonly mayWaitForEvents: boolean;
  /** An id of a child is good for one child. */
  readonly mayNameChildren: boolean;
}

/** Makes up small programs whose outcome can be foretold. */
export class Generator {
  readonly #chance: Chance;
  #names: number;

  /** @param names how many have been given away: programs of one id do not share any */
  constructor(chance: Chance, names = 0) {
    this.#chance = chance;
    this.#names = names;
  }

  program(): Program {
    const actions = this.#actions(this.#chance.between(1, 5), {
      depth: 0,
      mayFail: true,
      mayWaitForEvents: true,
      mayNameChildren: true,
    });
    if (this.#chance.happens(0.15))
      return [...this.#undoables(), ...actions, { do: 'throw', message: 'on purpose' }];
    if (this.#chance.happens(0.1))
      return [...actions, { do: 'continue', program: this.#actions(2, GOES_ON) }];
    return actions;
  }

  #undoables(): Action[] {
    return Array.from({ length: this.#chance.between(1, 3) }, () => ({
      do: 'step',
      name: this.#name('undoable'),
      takes: this.#takes(),
      failures: 0,
      undo: this.#chance.happens(0.1) ? 'fails' : true,
    }));
  }

  #actions(count: number, place: Place): Action[] {
    return Array.from({ length: count }, () => this.#action(place));
  }

  #action(place: Place): Action {
    const inside = { ...place, depth: place.depth + 1 };
    const nest = place.depth < DEEPEST && this.#chance.happens(0.4);
    if (!nest) return this.#leaf(place);
    const kinds = ['try', 'group', 'parallel', 'quorum', 'map', 'race', 'all', 'child', 'detached', 'patch'];
    switch (this.#chance.oneOf(kinds)) {
      case 'try':
        return { do: 'try', program: this.#failing(inside) };
      case 'group':
        return { do: 'group', name: this.#name('group'), program: this.#actions(2, inside) };
      case 'parallel': {
        const named = this.#chance.happens(0.3) ? ({ named: true } as const) : {};
        return { do: 'parallel', name: this.#name('parallel'), branches: this.#branches(inside), ...named };
      }
      case 'quorum': {
        // What was cancelled may have taken an event, or had a child that goes on to its end.
        const branches = this.#branches({ ...inside, mayWaitForEvents: false });
        const need = this.#chance.between(1, branches.length);
        return { do: 'quorum', name: this.#name('quorum'), need, branches };
      }
      case 'all':
        return { do: 'all', branches: this.#branches(inside) };
      case 'race':
        return { do: 'race', branches: [...this.#branches(inside), ...this.#endless()] };
      case 'map':
        return this.#map({ ...inside, mayFail: false, mayWaitForEvents: false, mayNameChildren: false });
      case 'child':
        return { do: 'child', program: this.#programOfChild(inside), ...this.#terms(inside) };
      case 'detached':
        return { do: 'detached', program: this.#programOfChild(inside), ...this.#terms(inside) };
      default:
        return this.#patch();
    }
  }

  #branches(place: Place): Program[] {
    return Array.from({ length: this.#chance.between(2, 3) }, () =>
      this.#actions(this.#chance.between(1, 2), { ...place, mayFail: false }),
    );
  }

  /** A branch that never wins: what it waits for must not outlive the run. */
  #endless(): Program[] {
    const sleep = { do: 'sleep', ms: 3_600_000 } as const;
    if (this.#chance.happens(0.5)) return [];
    return [[this.#chance.happens(0.5) ? sleep : { do: 'child', program: [sleep] }]];
  }

  #programOfChild({ depth }: Place): Program {
    return this.#actions(2, { ...INSIDE_OTHER_RUN, depth });
  }

  #terms({ mayNameChildren }: Place): ChildTerms {
    const happens = (probability: number) => this.#chance.happens(probability);
    return {
      ...(mayNameChildren && happens(0.2) ? { id: this.#name('kid') } : {}),
      ...(happens(0.15) ? { queue: SIDE_QUEUE } : {}),
      ...(happens(0.15) ? { priority: this.#chance.between(0, 9) } : {}),
      ...(happens(0.15) ? { delay: this.#after() } : {}),
      ...(happens(0.2) ? { version: this.#chance.oneOf(['1', '2'] as const) } : {}),
    };
  }

  #patch(): Action {
    const name = this.#name('patch');
    const step = (side: 'old' | 'new') =>
      ({ do: 'step', name: `${side} way of ${name}`, takes: this.#takes(), failures: 0 }) as const;
    const before = this.#chance.happens(0.3) ? [] : [step('old')];
    return { do: 'patch', name, before, after: [step('new')] };
  }

  #failing(place: Place): Action[] {
    const first = this.#actions(this.#chance.between(0, 1), { ...place, mayFail: false });
    const failing = this.#chance.oneOf<() => Action>([
      () => ({ do: 'throw', message: this.#name('thrown') }),
      () => this.#hopeless(),
      () => ({ do: 'callback', name: this.#name('refusal'), answer: 'fail', after: this.#after() }),
      () => this.#callback('hurry', { timeout: this.#after() }),
      () => ({ ...this.#callback('silence', { timeout: this.#after() }), answer: 'never' }),
      () => this.#callback('alive', { after: 1_000, heartbeat: 400, beats: 90 }),
      () => this.#callback('opened', { timeout: 4_000, meanwhile: this.#actions(1, INSIDE_OTHER_RUN) }),
      () => ({ do: 'event', name: this.#name('never'), missing: true }),
      () => ({ do: 'condition', name: this.#name('vain'), checks: 'never', timeout: this.#after() }),
      () => ({ do: 'condition', name: this.#name('soon'), checks: 2, timeout: this.#after() }),
      () => this.#hurriedParallel(place),
      () => this.#child(place, { timeout: this.#after() }),
      () => this.#child(place, {}, [{ do: 'throw', message: 'in a child' }]),
      ...(place.mayWaitForEvents
        ? [() => ({ do: 'event', name: this.#name('hurried'), timeout: this.#after() }) as const]
        : []),
    ]);
    return [...first, failing()];
  }

  #hopeless(): Action {
    const failures = this.#chance.oneOf(['always', 'fatal'] as const);
    return { do: 'step', name: this.#name('hopeless'), takes: this.#takes(), failures, attempts: 2 };
  }

  #callback(
    name: string,
    more: Partial<Extract<Action, { do: 'callback' }>>,
  ): Extract<Action, { do: 'callback' }> {
    return { do: 'callback', name: this.#name(name), answer: 'succeed', after: this.#after(), ...more };
  }

  #hurriedParallel(place: Place): Action {
    const branches = this.#branches({ ...place, mayWaitForEvents: false });
    return { do: 'parallel', name: this.#name('hurried'), branches, timeout: this.#after() };
  }

  #child(place: Place, terms: ChildTerms, last: Program = []): Action {
    return { do: 'child', program: [...this.#programOfChild(place), ...last], ...terms };
  }

  #map(inside: Place): Action {
    const items = this.#chance.between(1, 5);
    const name = this.#name('map');
    const concurrency = this.#chance.between(1, items);
    const common = { do: 'map', name, items, concurrency } as const;
    const program = this.#actions(this.#chance.between(1, 2), inside);
    if (this.#chance.happens(0.2))
      return { ...common, failing: [], tolerate: 0, program, batch: this.#chance.between(1, 3) };
    if (this.#chance.happens(0.2))
      return { ...common, failing: [], tolerate: items, program, itemTimeout: this.#after() };
    const failing = Array.from({ length: items }, (_, index) => index).filter(() =>
      this.#chance.happens(0.2),
    );
    return { ...common, failing, tolerate: failing.length, program };
  }

  #leaf({ mayFail, mayWaitForEvents }: Place): Action {
    const kinds = [
      'step',
      'step',
      'step',
      'gift',
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
      case 'gift': {
        const gives = this.#chance.oneOf(Object.keys(GIFTS) as Gift[]);
        return { do: 'step', name: this.#name('gift'), takes: this.#takes(), failures: 0, gives };
      }
      case 'shaky':
        return this.#shaky(mayFail);
      case 'once': {
        const reconcile = this.#chance.happens(0.5);
        const name = this.#name(reconcile ? 'found out' : 'unsure');
        return { do: 'once', name, takes: this.#takes(), reconcile };
      }
      case 'sleep':
        return { do: 'sleep', ms: this.#after(), ...(this.#chance.happens(0.3) ? { until: true } : {}) };
      case 'event': {
        const how = this.#chance.oneOf([{}, {}, { anonymous: true }, { times: 3 }] as const);
        return { do: 'event', name: this.#name('event'), ...how };
      }
      case 'callback':
        return this.#callback('callback', {});
      case 'condition':
        return { do: 'condition', name: this.#name('condition'), checks: this.#chance.between(1, 4) };
      case 'tell':
        return { do: 'tell' };
      case 'recall':
        return { do: 'recall', name: this.#name('recall') };
    }
  }

  #shaky(mayFail: boolean): Action {
    const attempts = this.#chance.between(2, 4);
    const failures = mayFail && this.#chance.happens(0.05) ? 'always' : this.#chance.between(0, attempts - 1);
    const hangs = this.#chance.happens(0.2) ? ({ hangs: true } as const) : {};
    const heartbeat = this.#chance.happens(0.3) ? ({ heartbeat: true } as const) : {};
    const name = this.#name('shaky');
    const common = { do: 'step', name, takes: this.#takes(), failures, ...heartbeat } as const;
    return failures === attempts - 1 || failures === 'always'
      ? { ...common, attempts, jitter: true }
      : // A paused process may find that a body has taken too long though it had ended: room for that.
        { ...common, attempts: attempts + 6, ...hangs };
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

/** What goes on for a run is known by the run's id. */
const GOES_ON: Place = { depth: 1, mayFail: false, mayWaitForEvents: true, mayNameChildren: true };

/** Nobody outside knows the ids of children: nobody can raise events to them. */
const INSIDE_OTHER_RUN: Place = {
  depth: 1,
  mayFail: false,
  mayWaitForEvents: false,
  mayNameChildren: true,
};
