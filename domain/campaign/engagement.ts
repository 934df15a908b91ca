/** Visits: each person counts once in `people`; machines are counted separately. */
export interface VisitCounts {
  readonly people: number;
  /** All visits of people. */
  readonly total: number;
  /** Recipients with a visit by a machine. */
  readonly machines: number;
  readonly machine_total: number;
}

export interface LinkCounts extends VisitCounts {
  /** Number of the link: destinations are stored in this order, from 1. */
  readonly n: number;
}

export interface HourlyCounts {
  /** When the hour begins. */
  readonly at: Date;
  readonly opens: HourCount;
  readonly clicks: HourCount;
}

/** People count in the hour of their first visit, so the hours add up to the total. */
type HourCount = Pick<VisitCounts, 'people' | 'total'>;

/** Opens, clicks and other reactions to a campaign after its mails were accepted. */
export interface Engagement {
  readonly opens: VisitCounts;
  readonly clicks: VisitCounts;
  readonly bounces: number;
  readonly complaints: number;
  readonly unsubscribes: number;
  readonly links: readonly LinkCounts[];
  readonly hours: readonly HourlyCounts[];
}

const NO_VISITS: VisitCounts = { people: 0, total: 0, machines: 0, machine_total: 0 };
const NO_PEOPLE: HourCount = { people: 0, total: 0 };

export const NO_ENGAGEMENT: Engagement = {
  opens: NO_VISITS,
  clicks: NO_VISITS,
  bounces: 0,
  complaints: 0,
  unsubscribes: 0,
  links: [],
  hours: [],
};

/** Sums as the store groups them. */
export interface VisitSums {
  readonly what: 'recipient.opened' | 'recipient.clicked';
  readonly by: 'person' | 'machine';
  readonly people: number;
  readonly total: number;
}
export type LinkSums = Omit<VisitSums, 'what'> & { readonly link: number };
export type HourSums = Omit<VisitSums, 'by'> & { readonly at: Date };

export function visitCountsOf(sums: readonly Omit<VisitSums, 'what'>[]): VisitCounts {
  const person = sums.find(({ by }) => by === 'person') ?? NO_PEOPLE;
  const machine = sums.find(({ by }) => by === 'machine') ?? NO_PEOPLE;
  return { people: person.people, total: person.total, machines: machine.people, machine_total: machine.total };
}

export function linksOf(sums: readonly LinkSums[]): LinkCounts[] {
  const numbers = [...new Set(sums.map(({ link }) => link))].sort((one, other) => one - other);
  return numbers.map((n) => ({ n, ...visitCountsOf(sums.filter(({ link }) => link === n)) }));
}

export function hoursOf(sums: readonly HourSums[]): HourlyCounts[] {
  const times = [...new Set(sums.map(({ at }) => at.getTime()))].sort((one, other) => one - other);
  const countOf = (time: number, kind: VisitSums['what']): HourCount => {
    const found = sums.find(({ at, what }) => at.getTime() === time && what === kind) ?? NO_PEOPLE;
    return { people: found.people, total: found.total };
  };
  return times.map((time) => ({
    at: new Date(time),
    opens: countOf(time, 'recipient.opened'),
    clicks: countOf(time, 'recipient.clicked'),
  }));
}
