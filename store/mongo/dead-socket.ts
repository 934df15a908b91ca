import { Connection } from 'mongodb/lib/cmap/connection.js';

let patched = false;

/**
 * A command that the driver (7.9) writes to a socket which has just been destroyed waits for a 'drain' event that never
 * comes. Neither a time limit nor closing the connection ends it, so the page would be blocked as long as its activity
 * lives. Emitting 'drain' when the connection closes releases the command; the driver then reports the closed connection.
 */
export function releaseDeadSockets(): void {
  if (patched) return;
  patched = true;
  const { prototype } = Connection;
  const { cleanup } = prototype;
  prototype.cleanup = function (this: Connection, error: Error): void {
    const isFirst = !this.closed;
    cleanup.call(this, error);
    if (isFirst) this.socket.emit('drain');
  };
}
