import { Failure } from '../../../../domain/errors.js';
import { refused } from '../../../uploads.js';

const MIB = 1_048_576;
/** Below this size a file may be compressed to any share. */
const ANY_RATIO = 64 * MIB;
/** Lists of people compress to a tenth; a twentieth is usual for columns that repeat. */
const HIGHEST_RATIO = 200;

/**
 * Counts the bytes that a compressed file expands to. Throws at the first byte beyond `limit`, or where the file has grown more
 * than text can.
 */
export function expansionLimit(limit: number) {
  let [packed, unpacked] = [0, 0];
  return {
    read: (bytes: number): void => {
      packed += bytes;
    },
    grow: (bytes: number): void => {
      unpacked += bytes;
      if (unpacked > limit) throw new Failure('payload_too_large');
      if (unpacked > ANY_RATIO && unpacked > packed * HIGHEST_RATIO) {
        throw refused('file', 'The file expands to more than 200 times its size.');
      }
    },
  };
}
