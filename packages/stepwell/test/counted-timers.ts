import type { System } from '../src/engine/system.ts';

/** A system that knows which of its timers have been set and not been cancelled. */
export function countedTimers(system: System): { system: System; timers: ReadonlySet<() => void> } {
  const timers = new Set<() => void>();
  const timer: System['timer'] = (...given) => {
    const cancel = system.timer(...given);
    timers.add(cancel);
    return () => {
      timers.delete(cancel);
      cancel();
    };
  };
  return { system: { ...system, timer }, timers };
}
