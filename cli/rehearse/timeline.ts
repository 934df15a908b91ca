import { formatInZone } from '../../domain/newsletter/zone.js';

/** The events of a rehearsal, in order. */
export interface Timeline {
  /** `at`: milliseconds of the skipped time. */
  add(at: number, what: string): void;
  readonly count: () => number;
}

/** Prints each line with its local time in the zone. */
export function timeline(zone: string, print: (line: string) => void): Timeline {
  let lines = 0;
  return {
    add: (at, what) => {
      lines += 1;
      print(`${formatInZone(zone, new Date(at))}  ${what}`);
    },
    count: () => lines,
  };
}

/** `2 h 5 min`, `40 s` */
function duration(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return [`${Math.floor(minutes / 60)} h`, minutes % 60 === 0 ? '' : `${minutes % 60} min`].filter(Boolean).join(' ');
}

/** The number of mails and the sending time. */
export function sending(people: number, perSecond: number | null): string {
  if (perSecond === null) return `${people} mails, as fast as the mail server takes them`;
  return `${people} mails at ${perSecond} a second: done ${duration(people / perSecond)} later`;
}
