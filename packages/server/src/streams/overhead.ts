import type { Api } from '../api.ts';
import type { Frame } from './frame.ts';

/** Tells how long it took from an event to those who follow its stream. */
export function overheadOf({ seeing, well }: Pick<Api, 'seeing' | 'well'>): (frame: Frame) => void {
  const { system } = well.parts;
  return ({ at }) => seeing.streamed(system.now() - at);
}
