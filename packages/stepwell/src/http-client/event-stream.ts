/** One message of an event stream. */
export interface Message {
  /** Empty: the stream gave it no type. */
  readonly event: string;
  readonly data: string;
  /** The last id that the stream has named, in this message or before it; undefined: none yet. */
  readonly id: string | undefined;
}

/**
 * Reads `text/event-stream` as it comes, in pieces that may end anywhere.
 * The rules are those of https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export class EventStreamReader {
  #lastId: string | undefined;
  /** The beginning of a line whose end has not come yet; in parts, since it may come in many. */
  #begun: string[] = [];
  #afterReturn = false;
  /** What has come of the next message. */
  #id: string | undefined;
  #event = '';
  #data: string[] = [];

  constructor(lastId?: string) {
    this.#lastId = lastId;
    this.#id = lastId;
  }

  /** The id after which a connection is taken up again; also one that came without data. */
  get lastId(): string | undefined {
    return this.#lastId;
  }

  /** The messages that are complete with this piece. What is left incomplete at the end of a stream is no message. */
  push(piece: string): Message[] {
    const messages: Message[] = [];
    // A line may end with CR LF, of which the piece before had only the first.
    let from = this.#afterReturn && piece.startsWith('\n') ? 1 : 0;
    if (piece !== '') this.#afterReturn = piece.endsWith('\r');
    for (const { index, 0: end } of piece.matchAll(/\r\n|\r|\n/g)) {
      if (index < from) continue;
      this.#begun.push(piece.slice(from, index));
      from = index + end.length;
      const line = this.#begun.join('');
      this.#begun = [];
      const message = this.#take(line);
      if (message !== null) messages.push(message);
    }
    if (from < piece.length) this.#begun.push(piece.slice(from));
    return messages;
  }

  #take(line: string): Message | null {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    // A comment.
    if (colon === 0) return null;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#event = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    return null;
  }

  #dispatch(): Message | null {
    this.#lastId = this.#id;
    const message = { event: this.#event, data: this.#data.join('\n'), id: this.#id };
    const isEmpty = this.#data.length === 0;
    this.#event = '';
    this.#data = [];
    return isEmpty ? null : message;
  }
}
