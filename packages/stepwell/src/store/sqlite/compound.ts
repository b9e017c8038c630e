/** SQLite takes 500 terms in a compound select; what needs more than these makes several selects. */
const TERMS_PER_SELECT = 100;

/** The terms of the compound selects that are needed for so many terms. */
export function* selectsOf<T>(terms: readonly T[]): Generator<readonly T[]> {
  for (let index = 0; index < terms.length; index += TERMS_PER_SELECT) {
    yield terms.slice(index, index + TERMS_PER_SELECT);
  }
}
