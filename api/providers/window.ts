import { REPORTS_KEPT_DAYS } from '../../domain/evidence.js';

const DAY = 86_400_000;
/** Clocks differ. */
const AHEAD = 300_000;

/** A report whose row we may have forgotten already could be repeated by whoever caught it: it is refused. */
export function isTooOld(sentAt: Date, at: Date, longest = REPORTS_KEPT_DAYS * DAY): boolean {
  const age = at.getTime() - sentAt.getTime();
  return Number.isNaN(age) || age > longest || age < -AHEAD;
}
