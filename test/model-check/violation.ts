/** A promise that is not kept. */
export class Violation extends Error {}
