import type { Db } from 'mongodb';
import { missingIndexes } from '../../store/indexes/missing.js';
import { type Finding, ok, warning } from './finding.js';

const GIB = 1024 ** 3;
const MIN_FREE = 2 * GIB;
const MIN_FREE_SHARE = 0.1;

/** The indexes of the database, and the room that its disk has. */
export async function checkIndexes(db: Db): Promise<Finding[]> {
  const [missing, disk] = await Promise.all([missingIndexes(db), checkDatabaseDisk(db)]);
  // The indexes of a collection that does not exist yet are made with it.
  const unusable = missing.flatMap(({ on, exists, indexes }) => (exists ? indexes.map((one) => ({ ...one, on })) : []));
  const findings = unusable.map(({ on, keys, serves, state }) =>
    warning(
      `Index of ${on}`,
      `${JSON.stringify(keys)} is ${state}: it serves ${serves}`,
      state === 'building'
        ? 'wait: until then its queries are slow'
        : 'run "everpost migrate", or restart an API or a worker: each makes missing ones',
    ),
  );
  return [...(findings.length === 0 ? [ok('Indexes', 'none is missing or being built')] : findings), ...disk];
}

async function checkDatabaseDisk(db: Db): Promise<Finding[]> {
  const { fsTotalSize: total, fsUsedSize: used } = await db.stats();
  if (typeof total !== 'number' || typeof used !== 'number' || total === 0) return [];
  const free = total - used;
  const says = `${(free / GIB).toFixed(1)} of ${(total / GIB).toFixed(1)} GiB free`;
  if (free > MIN_FREE && free / total > MIN_FREE_SHARE) return [ok('Disk of MongoDB', says)];
  return [warning('Disk of MongoDB', says, 'add space, or set EVENTS_KEPT_DAYS and MESSAGES_KEPT_DAYS')];
}
