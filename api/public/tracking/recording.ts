import type { FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';
import { isbot } from 'isbot';
import { now } from '../../../clock.js';
import { classifyVisit, type Visit, type VisitClass } from '../../../domain/tracking/visit.js';
import { settleClickedMessage, settleClickers } from '../../../services/evidence.js';
import type { Event } from '../../../store/events/events.js';
import type { Deps } from '../../wiring.js';

/** One accepted visit to the pixel or to a link of a mail. */
export interface Hit {
  readonly account: number;
  readonly owner: { readonly campaign: number; readonly subscriber: number } | { readonly message: string };
  readonly what: Visit['what'];
  /** Number of the link; absent for the pixel. */
  readonly link?: number;
  /** For a message only: extra fields of its webhooks. */
  readonly webhookFields?: Visitor & { readonly url?: string };
  readonly verdict: VisitClass;
  readonly at: Date;
}

export type RecordHits = (hits: readonly Hit[]) => Promise<void>;

/** Writes a group of hits as one bulk of events. Ids derive from the visit, so a repeat adds nothing. */
export function recordingHits(deps: Deps): RecordHits {
  return async (hits) => {
    const isAllowed = await trackingAllowed(deps, hits);
    const counted = hits.filter(isAllowed);
    await deps.events.append(counted.map(eventOf));
    await settleClicks(deps, counted);
  };
}

/** Visits of erased recipients, and of recipients or accounts that have since turned tracking off, are not recorded. */
async function trackingAllowed({ subscribers, accounts }: Deps, hits: readonly Hit[]): Promise<(hit: Hit) => boolean> {
  const people = hits.flatMap(({ owner }) => ('subscriber' in owner ? owner.subscriber : []));
  const [willing, untracked] = await Promise.all([
    subscribers.trackableAmong([...new Set(people)]),
    accounts.untrackedAmong([...new Set(hits.map(({ account }) => account))]),
  ]);
  return ({ account, owner }) => !untracked.has(account) && ('message' in owner || willing.has(owner.subscriber));
}

/** Repeated clicks within the same second count as one. */
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

/** A click by a person proves delivery: it settles an uncertain outcome. */
async function settleClicks(deps: Deps, hits: readonly Hit[]): Promise<void> {
  const clicks = hits.filter(({ what, verdict }) => what === 'clicked' && verdict.by === 'person');
  for (const { account, campaign, subscribers, at } of clickersByCampaign(clicks)) {
    await settleClickers(deps, { account, _id: campaign }, subscribers, at);
  }
  for (const { account, owner, at } of clicks) {
    const row = 'message' in owner ? await deps.messages.find(account, owner.message) : null;
    if (row !== null) await settleClickedMessage(deps, row, at);
  }
}

function clickersByCampaign(clicks: readonly Hit[]) {
  const found = new Map<number, { account: number; campaign: number; subscribers: number[]; at: Date }>();
  for (const { account, owner, at } of clicks) {
    if ('message' in owner) continue;
    const { campaign, subscriber } = owner;
    const entry = found.get(campaign) ?? { account, campaign, subscribers: [], at };
    entry.subscribers.push(subscriber);
    found.set(campaign, entry);
  }
  return found.values();
}

const PREFETCH = /\bprefetch\b|\bpreview\b|\bprerender\b/i;

/** Classifies a visit as person or machine by the request alone. */
export function verdictOf(what: Visit['what'], { headers }: FastifyRequest, madeAt: Date | undefined): VisitClass {
  const userAgent = headers['user-agent'] ?? '';
  const purpose = [headers['sec-purpose'], headers['purpose'], headers['x-purpose'], headers['x-moz']].join(' ');
  return classifyVisit({
    what,
    userAgent,
    prefetched: PREFETCH.test(purpose),
    knownRobot: isbot(userAgent),
    age: madeAt === undefined ? undefined : now().getTime() - madeAt.getTime(),
  });
}

/** The visitor, as reported in webhooks of a message. */
interface Visitor {
  /** The network, not the address; null where it is unknown. */
  readonly ip: string | null;
  readonly user_agent: string;
  /** The recipient address in the link. */
  readonly token: string;
}

const LONGEST_AGENT = 255;

export function visitorOf({ ip, headers }: Pick<FastifyRequest, 'ip' | 'headers'>, token: string): Visitor {
  return { ip: networkOf(ip), user_agent: (headers['user-agent'] ?? '').slice(0, LONGEST_AGENT), token };
}

/** Removes the part of an address that identifies one person: keeps three octets of IPv4, six of IPv6. */
export function networkOf(ip: string): string | null {
  if (!ipaddr.isValid(ip)) return null;
  const address = ipaddr.process(ip);
  const kept = address.kind() === 'ipv4' ? 3 : 6;
  return ipaddr.fromByteArray(address.toByteArray().map((octet, i) => (i < kept ? octet : 0))).toString();
}
