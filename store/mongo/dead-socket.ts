import { Connection } from 'mongodb/lib/cmap/connection.js';

let patched = false;

/**
 * A command that the driver (7.9) writes to a socket which has just been destroyed waits for its 'drain', and that never
 * comes: neither a time limit nor the close of the connection ends it, so a page stands still as long as its activity
 * lives. Whoever waits is let go when the connection is closed; the driver then sees that it is closed, and says so.
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
