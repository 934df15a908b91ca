import { BSON, type Collection, type Document, type OptionalUnlessRequiredId } from 'mongodb';
import { sharedCalls } from '../../domain/shared-calls.js';
import { fatesAfter, type WriteFate } from './bulk-fates.js';

const MOST_ROWS = 200;
const MOST_BYTES = 4 * 1024 * 1024;

/**
 * Inserts one row; rows that arrive while an insert is under way share the next one. Atomic for each row
 * (docs/architecture/protocol.md "Messages").
 */
export function sharedInsert<T extends Document>(rows: Collection<T>): (row: T) => Promise<WriteFate> {
  const insert = async (group: readonly T[]): Promise<readonly WriteFate[]> => {
    try {
      await rows.insertMany([...group] as OptionalUnlessRequiredId<T>[], { ordered: false });
      return group.map(() => 'executed');
    } catch (error) {
      return fatesAfter(error, group.length);
    }
  };
  return sharedCalls({
    send: insert,
    most: MOST_ROWS,
    size: { of: (row: T) => BSON.calculateObjectSize(row, { ignoreUndefined: true }), most: MOST_BYTES },
  });
}
