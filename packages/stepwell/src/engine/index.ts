/** What other packages of Stepwell build on: the engine, its store contract and its runtimes. Not for applications. */
export type * from './runtime.ts';
export type { System } from './system.ts';
export * from '../store/contract.ts';
export type * from '../model/fact.ts';
export type * from '../model/event.ts';
export type * from '../model/run.ts';
export type * from '../model/operation.ts';
