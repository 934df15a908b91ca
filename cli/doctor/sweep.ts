import type { Db } from 'mongodb';
import { redacted } from '../../api/log.js';
import { now } from '../../clock.js';
import { sweepRecords } from '../../store/monitoring/sweep-record.js';
import { type Finding, fault, note, ok, warning } from './finding.js';

/** Milliseconds. A pass begins every ten seconds; one with much to do takes longer. */
const LATE = 180_000;
const SLOW = 600_000;

/** The age of the last pass of the sweep, and the parts that failed in it. */
export async function checkSweep(db: Db): Promise<Finding[]> {
  const last = await sweepRecords({ db }).last();
  if (last === null) return [note('Sweep', 'has not run yet')];
  const seconds = Math.round(last.age / 1_000);
  const age =
    last.age < LATE
      ? ok('Sweep', `ended a pass ${seconds} s ago`)
      : fault('Sweep', `ended its last pass ${seconds} s ago`, 'start a worker: the sweep runs there', last.ended_at);
  const troubles = last.troubles
    .filter(({ error, since }) => error !== null || now().getTime() - since.getTime() > SLOW)
    .map(({ part, error, since }) => {
      const says = error === null ? 'still runs: it is not started again' : `fails: ${redacted(error)}`;
      const advice =
        error === null ? 'restart the worker whose log names it' : 'the next pass tries it again; see the log';
      return warning(`Sweep of ${part}`, says, advice, since);
    });
  return [age, ...troubles];
}
