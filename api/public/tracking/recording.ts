import type { Verdict, Visit } from '../../../domain/tracking.js';
import type { Event } from '../../../store/events.js';
import type { Deps } from '../../deps.js';
import { type Arrival, settleDoubt } from './arrival.js';
import type { Visitor } from './visitor.js';

/** One visit to the pixel or to a link of a mail, as it was accepted. */
export interface Hit {
  readonly account: number;
  readonly whose: { readonly campaign: number; readonly subscriber: number } | { readonly message: string };
  readonly what: Visit['what'];
  /** Number of the link; absent for the pixel. */
  readonly link?: number;
  /** Of a message only: what its webhooks tell beside. */
  readonly told?: Visitor & { readonly url?: string };
  readonly verdict: Verdict;
  readonly at: Date;
}

export type RecordHits = (hits: readonly Hit[]) => Promise<void>;

/** Writes a group of hits: one bulk of events. Ids are made from what happened, so repeating it adds nothing. */
export function recordingHits(deps: Deps): RecordHits {
  return async (hits) => {
    const followed = await whoMayBeFollowed(deps, hits);
    const counted = hits.filter(followed);
    await deps.events.append(counted.map(eventOf));
    await settleDoubt(deps, arrivalsIn(counted));
  };
}

/** Whoever has said no since the mail left, person or account, is led on and not recorded; nor is who was forgotten. */
async function whoMayBeFollowed({ subscribers, accounts }: Deps, hits: readonly Hit[]): Promise<(hit: Hit) => boolean> {
  const people = hits.flatMap(({ whose }) => ('subscriber' in whose ? whose.subscriber : []));
  const [willing, quiet] = await Promise.all([
    subscribers.willingAmong([...new Set(people)]),
    accounts.untrackedAmong([...new Set(hits.map(({ account }) => account))]),
  ]);
  return ({ account, whose }) => !quiet.has(account) && ('message' in whose || willing.has(whose.subscriber));
}

/** A click and its echo within the same second are one. */
function eventOf({ account, whose, what, link, told, verdict, at }: Hit): Omit<Event, 'at'> {
  const { by, rule } = verdict;
  const second = Math.floor(at.getTime() / 1_000);
  const data = { by, rule, ...(link !== undefined && { link }) };
  const hit = `${link ?? 'pixel'}:${rule ?? by}:${second}`;
  if ('message' in whose) {
    const _id = `message:${whose.message}:${what}:${hit}`;
    const type = what === 'opened' ? 'message.opened' : 'message.clicked';
    return { _id, account, type, data: { message: whose.message, ...data, ...told } };
  }
  const type = what === 'opened' ? 'recipient.opened' : 'recipient.clicked';
  return { _id: `${what}:${whose.campaign}:${whose.subscriber}:${hit}`, account, ...whose, type, data };
}

/** A person who clicks has the mail. */
function arrivalsIn(hits: readonly Hit[]): readonly Arrival[] {
  return hits.flatMap(({ account, whose, what, verdict, at }) =>
    what === 'clicked' && verdict.by === 'person' ? { account, whose, at } : [],
  );
}
