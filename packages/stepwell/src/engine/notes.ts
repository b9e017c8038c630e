import type { JournalEvent } from '../model/event.ts';
import { present } from '../model/fields.ts';
import { demandRoomForTags, sortedTags } from '../model/tags.ts';
import type { Activation } from './activation.ts';
import type { Note } from './runtime.ts';

/**
 * The event of a note; null: it says nothing that is not known. Made in a replay too: what was refused is refused again,
 * and the function goes the same way.
 * @throws StepwellError that of a note which is refused
 */
export function eventOf(activation: Activation, note: Note): JournalEvent | null {
  const { payloads } = activation.around;
  switch (note.type) {
    case 'tags':
      return tagged(activation, note.tags);
    case 'log':
      return present({ ...note, data: payloads.encodeForLog(note.data) });
    case 'progress': {
      const progress = payloads.encodeShort(note.progress, 'progress') as typeof note.progress;
      return { type: 'progress', progress };
    }
    case 'operation.ended':
      return present(note);
    case 'status':
      return note;
  }
}

/**
 * In a replay the run has all the tags that the journal has given it, also those that it was given later: tags that
 * were taken once are there, and those that were too many are too many again.
 */
function tagged({ run, tags: known, around }: Activation, tags: readonly string[]): JournalEvent | null {
  const added = sortedTags(tags.filter((tag) => !known.includes(tag)));
  if (added.length === 0) return null;
  demandRoomForTags(known.length + added.length, `run "${run.id}"`, around.limits);
  return { type: 'tags', tags: added };
}
