declare module 'mongodb/lib/cmap/connection.js' {
  import type { Socket } from 'node:net';

  /** The part of the driver's connection that `dead-socket.ts` patches. */
  export class Connection {
    readonly id: number | string;
    readonly socket: Socket;
    readonly closed: boolean;
    cleanup(error: Error): void;
  }
}
