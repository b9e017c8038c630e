import type { Socket } from 'node:net';
import type { Timer } from './api.ts';

/** How long a connection is read from when its last answer has been taken. */
const LINGER_MS = 5_000;

/**
 * Has a connection closed in two steps (RFC 9112 §9.6): the server's side first, the other when the client has closed
 * its own, or has had time to. What is still on its way to a connection that is closed at once resets it, and takes an
 * answer with it that the client has not read yet. Node calls `destroySoon` behind each last answer.
 */
export function lingering(socket: Socket, timer: Timer): void {
  let isLingering = false;
  socket.destroySoon = () => {
    if (socket.writable) socket.end();
    if (isLingering) return;
    isLingering = true;
    // What else comes is thrown away: a request in it would be done, and its answer could not be sent.
    socket.removeAllListeners('data').on('data', () => {});
    // Once both sides have ended, it closes by itself.
    const wait = () => {
      socket.resume();
      socket.once(
        'close',
        timer(LINGER_MS, () => socket.destroy()),
      );
    };
    if (socket.writableFinished) wait();
    else socket.once('finish', wait);
  };
}
