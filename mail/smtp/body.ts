import type { Socket } from 'node:net';
import { Readable } from 'node:stream';

/** Callbacks while the body is sent. */
export interface BodyWatch {
  /** Called after 354, before the first byte; false: no byte is sent. */
  mayStart(): boolean;
  /** Called each time bytes are taken. */
  moved(): void;
  /** Called when the kernel has all bytes; false: the dot is not sent. */
  mayEnd(): boolean;
  readonly socket: () => Socket | undefined;
}

const SLICE = 65_536;
const NOTHING = Buffer.alloc(0);

/** The finished bytes as a stream that calls back before its first byte and before its end. */
export function bodyStream(chunks: readonly Buffer[], watch: BodyWatch): Readable {
  const bytes = Buffer.concat(chunks);
  let at = 0;
  return new Readable({
    highWaterMark: 1,
    read() {
      if (at === 0 && !watch.mayStart()) return;
      if (at >= bytes.length) return endWhenWritten(this, watch);
      watch.moved();
      this.push(bytes.subarray(at, at + SLICE));
      at += SLICE;
    },
  });
}

/** Waits until all bytes are written: otherwise the dot would queue behind them, after a check that is then old. */
function endWhenWritten(body: Readable, watch: BodyWatch): void {
  const check = () => {
    const socket = watch.socket();
    if (body.destroyed || socket === undefined || socket.destroyed) return;
    if (socket.writableLength > 0) {
      socket.write(NOTHING, () => setImmediate(check));
      return;
    }
    if (watch.mayEnd()) body.push(null);
  };
  setImmediate(check);
}
