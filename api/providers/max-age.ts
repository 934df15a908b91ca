import { REPORT_RETENTION_DAYS } from '../../domain/delivery/evidence.js';

const DAY = 86_400_000;
/** Allowance for clock differences. */
const CLOCK_SKEW = 300_000;

/** Refuses a report whose row may have been deleted: a captured copy could be replayed. */
export function isTooOld(sentAt: Date, at: Date, longest = REPORT_RETENTION_DAYS * DAY): boolean {
  const age = at.getTime() - sentAt.getTime();
  return Number.isNaN(age) || age > longest || age < -CLOCK_SKEW;
}

/** The same for a time in seconds since 1970; an invalid one is refused too. */
export function isTooOldSecond(seconds: string, at: Date, longest?: number): boolean {
  return !/^\d{9,12}$/.test(seconds) || isTooOld(new Date(Number(seconds) * 1_000), at, longest);
}
