import type { WebSocket } from 'ws';
import type { Api } from '../api.ts';
import { problemParts } from '../problem.ts';
import type { Ending, Frame } from './frame.ts';
import {
  type Message,
  type MessageOf,
  MessageRefused,
  readMessage,
  refused,
  type RequestId,
} from './messages.ts';
import { type Beating, QUIET_BEATS, STALLED_BEATS } from './pulse.ts';
import type { Reader, Sink } from './reader.ts';
import type { Streams } from './streams.ts';

/** Bytes that wait to be taken, from which on nothing more is sent, and nothing more answered. */
const FULL = 64 * 1024;

/** Messages that wait to be answered, from which on no more are read. */
const MOST_WAITING = 16;

/** Close codes of RFC 6455 and its registry. */
const GOING_AWAY = 1001;
const UNSUPPORTED_DATA = 1003;
const TRY_AGAIN_LATER = 1013;

/**
 * A client that listens and talks. Its messages are answered one after the other, so that events are raised in the order
 * in which they were sent. What it does not take is bounded: while {@link FULL} is waiting nothing is sent to it, and
 * while {@link MOST_WAITING} messages are, nothing is read from it.
 */
export class Connection implements Beating {
  readonly #socket: WebSocket;
  readonly #streams: Streams;
  readonly #api: Api;
  readonly #subscriptions = new Map<RequestId, Subscription>();
  #waiting: string[] = [];
  #answering = false;
  /** Called when there is room again. */
  #roomy: (() => void) | null = null;
  #quiet = 0;
  #stalled = 0;
  #awaitsPong = false;
  #closing = false;

  constructor(socket: WebSocket, streams: Streams, api: Api) {
    this.#socket = socket;
    this.#streams = streams;
    this.#api = api;
    // One buffer, since nothing else was asked of `ws`.
    socket.on('message', (data, isBinary) => this.#receive((data as Buffer).toString('utf8'), isBinary));
    socket.on('pong', () => (this.#awaitsPong = false));
    // What the client did wrong; `ws` closes the connection with the code for it.
    socket.on('error', () => {});
    socket.on('close', () => this.#ended());
    streams.pulse.add(this);
  }

  get wants(): boolean {
    return this.#socket.readyState === this.#socket.OPEN && this.#socket.bufferedAmount < FULL;
  }

  send(text: string): void {
    this.#quiet = 0;
    this.#socket.send(text, () => this.#sent());
  }

  #sent(): void {
    this.#stalled = 0;
    if (!this.wants) return;
    this.#roomy?.();
    this.#roomy = null;
    for (const { reader } of [...this.#subscriptions.values()]) reader?.ready();
  }

  #receive(text: string, isBinary: boolean): void {
    if (isBinary) return this.#socket.close(UNSUPPORTED_DATA, 'messages are text');
    this.#waiting.push(text);
    if (this.#waiting.length >= MOST_WAITING) this.#socket.pause();
    if (!this.#answering) void this.#answerAll();
  }

  async #answerAll(): Promise<void> {
    this.#answering = true;
    for (let text = this.#waiting.shift(); text !== undefined; text = this.#waiting.shift()) {
      const message = readMessage(text);
      try {
        if (message instanceof MessageRefused) throw message.error;
        await this.#do(message);
        this.send(JSON.stringify({ type: 'answer', id: message.id }));
      } catch (error) {
        const problem: unknown = JSON.parse(problemParts(error, this.#api).body);
        this.send(JSON.stringify({ type: 'problem', id: message.id, problem }));
      }
      if (!this.wants) await this.#room();
      if (this.#waiting.length < MOST_WAITING && this.#socket.isPaused) this.#socket.resume();
    }
    this.#answering = false;
  }

  /** Resolves when the client takes something again, or has gone. */
  #room(): Promise<void> {
    if (this.#socket.readyState !== this.#socket.OPEN) return Promise.resolve();
    return new Promise((resolve) => (this.#roomy = resolve));
  }

  /**
   * The place where, once callers sign in, what this one may do is asked for each message.
   * @throws what the engine throws, `MESSAGE_INVALID`, `TOO_MANY_STREAMS`
   */
  async #do(message: Message): Promise<void> {
    const { well } = this.#api;
    switch (message.type) {
      case 'subscribe':
        return this.#subscribe(message);
      case 'unsubscribe':
        return this.#unsubscribe(message);
      case 'raise': {
        const { run, name, value, eventId } = message;
        return well.raiseEvent(run, name, value, eventId === undefined ? {} : { id: eventId });
      }
      case 'succeed':
        return well.callbacks.succeed(message.callback, message.value);
      case 'fail': {
        const { callback, id: _, type: __, ...failure } = message;
        return well.callbacks.fail(callback, failure);
      }
      case 'heartbeat':
        return well.callbacks.heartbeat(message.callback);
    }
  }

  async #subscribe({ id, run, workflow, tag, after }: MessageOf<'subscribe'>): Promise<void> {
    if (this.#subscriptions.has(id)) throw refused(`There is a subscription ${JSON.stringify(id)} already.`);
    const leave = this.#streams.places.take('websocket');
    const subscription = new Subscription(id, this, () => {
      leave();
      this.#subscriptions.delete(id);
    });
    try {
      const from = after === undefined ? null : String(after);
      const filter = { ...(workflow !== undefined && { workflow }), ...(tag !== undefined && { tag }) };
      const wanted = run === undefined ? { feed: filter, after: from } : { run, after: from };
      const opened = await this.#streams.open(wanted);
      if (this.#socket.readyState !== this.#socket.OPEN || this.#closing) {
        opened.close();
        return leave();
      }
      this.#subscriptions.set(id, subscription);
      subscription.reader = opened.read(subscription);
    } catch (error) {
      leave();
      throw error;
    }
    // After the answer, which comes first.
    setImmediate(() => subscription.reader?.ready());
  }

  #unsubscribe({ subscription: id }: MessageOf<'unsubscribe'>): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined) throw refused(`There is no subscription ${JSON.stringify(id)}.`);
    subscription.stop();
  }

  beat(): void {
    if (this.#closing) return this.#socket.terminate();
    if (this.#socket.bufferedAmount > 0) {
      this.#stalled++;
      if (this.#stalled === STALLED_BEATS) this.#cut();
      if (this.#stalled === 2 * STALLED_BEATS) this.#socket.terminate();
      return;
    }
    this.#quiet++;
    if (this.#quiet < QUIET_BEATS) return;
    if (this.#awaitsPong) return this.#socket.terminate();
    this.#quiet = 0;
    this.#awaitsPong = true;
    this.#socket.ping();
  }

  #cut(): void {
    for (const { reader } of [...this.#subscriptions.values()]) reader?.cut();
    this.#socket.close(TRY_AGAIN_LATER, 'nothing was taken');
  }

  close(): void {
    this.#closing = true;
    this.#socket.close(GOING_AWAY, 'the server closes');
  }

  #ended(): void {
    this.#streams.pulse.remove(this);
    for (const subscription of [...this.#subscriptions.values()]) subscription.stop();
    this.#waiting = [];
    this.#roomy?.();
  }
}

/** What goes to one client of one run, or of the feed. */
class Subscription implements Sink {
  reader: Reader | null = null;
  readonly #id: RequestId;
  readonly #connection: Connection;
  readonly #done: () => void;
  #silent = false;

  constructor(id: RequestId, connection: Connection, done: () => void) {
    this.#id = id;
    this.#connection = connection;
    this.#done = done;
  }

  get wants(): boolean {
    return this.#connection.wants;
  }

  send(frames: readonly Frame[]): void {
    const head = `{"type":"event","subscription":${JSON.stringify(this.#id)},"cursor":`;
    for (const { id, json } of frames) this.#connection.send(`${head}${JSON.stringify(id)},${json.slice(1)}`);
  }

  end(ending: Ending): void {
    this.#done();
    if (this.#silent) return;
    const { type, ...data } = ending;
    this.#connection.send(JSON.stringify({ type, subscription: this.#id, ...data }));
  }

  /** The client does not want it any more, or has gone. */
  stop(): void {
    this.#silent = true;
    this.reader?.close({ type: 'closed' });
  }
}
