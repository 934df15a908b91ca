import { isAscii } from 'node:buffer';
import { strictDecoder } from './encodings.js';

/** Decodes cells that were read byte by byte; undefined where a byte is invalid in the encoding. */
export function cellDecoder(encoding: string): (cell: string) => string | undefined {
  const decode = strictDecoder(encoding);
  return (cell) => {
    const bytes = Buffer.from(cell, 'latin1');
    return isAscii(bytes) ? cell : decode(bytes);
  };
}
