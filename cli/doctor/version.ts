import type { Db } from 'mongodb';
import { versionRow } from '../../store/migrations/version-row.js';
import { DATABASE_VERSION, runsOn } from '../../store/migrations/versions.js';
import { type Finding, fault, note, ok, warning } from './finding.js';

const SUBJECT = 'Database version';

/** Whether this build fits the documents of the database. */
export async function checkVersion(db: Db): Promise<Finding[]> {
  const row = await versionRow(db).read();
  if (row === null) return [note(SUBJECT, 'none yet: the first start of this build records it')];
  const { version, target } = row;
  if (version === DATABASE_VERSION) return [ok(SUBJECT, `${version}, that of this build`)];
  if (version > DATABASE_VERSION) return [newer(version)];
  const says = `${version}, and this build has ${DATABASE_VERSION}`;
  if (target !== null) return [note(SUBJECT, `${says}: a process migrates it to ${target}`)];
  return [warning(SUBJECT, says, 'run "everpost migrate", or start an API or a worker of this build')];
}

function newer(version: number): Finding {
  if (!runsOn(version, DATABASE_VERSION))
    return fault(SUBJECT, `${version}, and this build runs on ${DATABASE_VERSION + 1} at most`, 'run the newer build');
  return note(SUBJECT, `${version}: a newer build has migrated it, on which this one runs too`, 'upgrade this build');
}
