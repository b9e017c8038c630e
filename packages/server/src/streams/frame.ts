const encoder = new TextEncoder();

/** An event as streams carry it, in the forms that all its readers share: made once, however many they are. */
export class Frame {
  /** By which a reader goes on after it: the position in a run's stream, a cursor in that of all runs. */
  readonly id: string;
  readonly type: string;
  /** When the event was made, milliseconds since 1970. */
  readonly at: number;
  /** The text of a JSON object. */
  readonly json: string;
  #bytes: Uint8Array | null = null;
  #chunk: Uint8Array | null = null;

  constructor(id: string, type: string, at: number, data: object) {
    this.id = id;
    this.type = type;
    this.at = at;
    this.json = JSON.stringify(data);
  }

  /** In characters, roughly. */
  get size(): number {
    return this.json.length;
  }

  /** As a server-sent event. */
  get bytes(): Uint8Array {
    this.#bytes ??= encoder.encode(`id: ${this.id}\nevent: ${this.type}\ndata: ${this.json}\n\n`);
    return this.#bytes;
  }

  /** The same as a chunk of HTTP/1.1 (RFC 9112 §7.1). */
  get chunk(): Uint8Array {
    this.#chunk ??= Buffer.concat([
      encoder.encode(`${this.bytes.length.toString(16)}\r\n`),
      this.bytes,
      encoder.encode('\r\n'),
    ]);
    return this.#chunk;
  }
}

/** How a stream ends. */
export type Ending =
  /** The run has. */
  | { readonly type: 'end'; readonly status: string }
  /** The reader took nothing for too long. It goes on after this id; null: from where it began. */
  | { readonly type: 'lagging'; readonly after: string | null }
  /** Without a word: the server or the engine closes, or reading failed. The reader comes back. */
  | { readonly type: 'closed' };
