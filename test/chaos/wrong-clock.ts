const RightDate = Date;

/** From now on the clock of this process is off: for all that runs here, the driver of the database included. */
export function putClockOff(ms: number): void {
  class WrongDate extends RightDate {
    static override now(): number {
      return RightDate.now() + ms;
    }

    constructor(...given: [] | [number | string]) {
      super(given[0] ?? WrongDate.now());
    }
  }
  globalThis.Date = WrongDate as unknown as DateConstructor;
}
