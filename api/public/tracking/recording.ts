import type { Visit, VisitClass } from '../../../domain/tracking/visit.js';
import type { Event } from '../../../store/events/events.js';
import type { Deps } from '../../wiring.js';
import { type DeliveryEvidence, settleUncertain } from './delivery-evidence.js';
import type { Visitor } from './visitor.js';

/** One visit to the pixel or to a link of a mail, as it was accepted. */
export interface Hit {
  readonly account: number;
  readonly owner: { readonly campaign: number; readonly subscriber: number } | { readonly message: string };
  readonly what: Visit['what'];
  /** Number of the link; absent for the pixel. */
  readonly link?: number;
  /** Of a message only: what its webhooks tell beside. */
  readonly webhookFields?: Visitor & { readonly url?: string };
  readonly verdict: VisitClass;
  readonly at: Date;
}

export type RecordHits = (hits: readonly Hit[]) => Promise<void>;

/** Writes a group of hits: one bulk of events. Ids are made from what happened, so repeating it adds nothing. */
export function recordingHits(deps: Deps): RecordHits {
  return async (hits) => {
    const isAllowed = await trackingAllowed(deps, hits);
    const counted = hits.filter(isAllowed);
    await deps.events.append(counted.map(eventOf));
    await settleUncertain(deps, deliveryEvidenceIn(counted));
  };
}

/** Whoever has said no since the mail left, person or account, is led on and not recorded; nor is who was forgotten. */
async function trackingAllowed({ subscribers, accounts }: Deps, hits: readonly Hit[]): Promise<(hit: Hit) => boolean> {
  const people = hits.flatMap(({ owner }) => ('subscriber' in owner ? owner.subscriber : []));
  const [willing, untracked] = await Promise.all([
    subscribers.trackableAmong([...new Set(people)]),
    accounts.untrackedAmong([...new Set(hits.map(({ account }) => account))]),
  ]);
  return ({ account, owner }) => !untracked.has(account) && ('message' in owner || willing.has(owner.subscriber));
}

/** A click and its echo within the same second are one. */
function eventOf({ account, owner, what, link, webhookFields, verdict, at }: Hit): Omit<Event, 'at'> {
  const { by, rule } = verdict;
  const second = Math.floor(at.getTime() / 1_000);
  const data = { by, rule, ...(link !== undefined && { link }) };
  const hit = `${link ?? 'pixel'}:${rule ?? by}:${second}`;
  if ('message' in owner) {
    const _id = `message:${owner.message}:${what}:${hit}`;
    const type = what === 'opened' ? 'message.opened' : 'message.clicked';
    return { _id, account, type, data: { message: owner.message, ...data, ...webhookFields } };
  }
  const type = what === 'opened' ? 'recipient.opened' : 'recipient.clicked';
  return { _id: `${what}:${owner.campaign}:${owner.subscriber}:${hit}`, account, ...owner, type, data };
}

/** A person who clicks has the mail. */
function deliveryEvidenceIn(hits: readonly Hit[]): readonly DeliveryEvidence[] {
  return hits.flatMap(({ account, owner, what, verdict, at }) =>
    what === 'clicked' && verdict.by === 'person' ? { account, owner, at } : [],
  );
}
