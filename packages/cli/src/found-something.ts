/** A check has found something. What it is has been printed as the result: the command ends with exit code 1. */
export class FoundSomething extends Error {}
