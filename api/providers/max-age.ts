import { REPORT_RETENTION_DAYS } from '../../domain/delivery/evidence.js';

const DAY = 86_400_000;
/** Clocks differ. */
const CLOCK_SKEW = 300_000;

/** A report whose row we may have forgotten already could be repeated by whoever caught it: it is refused. */
export function isTooOld(sentAt: Date, at: Date, longest = REPORT_RETENTION_DAYS * DAY): boolean {
  const age = at.getTime() - sentAt.getTime();
  return Number.isNaN(age) || age > longest || age < -CLOCK_SKEW;
}

/** The same for a time that came as seconds since 1970; one that is none is refused too. */
export function isTooOldSecond(seconds: string, at: Date, longest?: number): boolean {
  return !/^\d{9,12}$/.test(seconds) || isTooOld(new Date(Number(seconds) * 1_000), at, longest);
}
