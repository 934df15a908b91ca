import { stepOfEvidence } from '../../../domain/message-step.js';
import { PROTOCOL_TIMES } from '../../../domain/protocol.js';
import { doubt } from '../../../store/doubt.js';
import { messageProgress } from '../../../store/message/progress.js';
import type { Deps } from '../../deps.js';
import type { Hit } from './recording.js';

/** Evidence that a mail arrived. */
export type Arrival = Pick<Hit, 'account' | 'whose' | 'at'>;

/** Whoever clicks has the mail: where the ledger is in doubt about it, it no longer is. */
export async function settleDoubt(deps: Deps, arrivals: readonly Arrival[]): Promise<void> {
  for (const { account, campaign, subscribers, at } of byCampaign(arrivals)) {
    await settleRecipients(deps, account, campaign, subscribers, at);
  }
  for (const { account, whose, at } of arrivals) {
    if ('message' in whose) await settleMessage(deps, account, whose.message, at);
  }
}

async function settleRecipients(deps: Deps, account: number, campaign: number, subscribers: Set<number>, at: Date) {
  const { openAmong, arrived } = doubt(deps.store);
  for (const place of await openAmong(account, campaign, [...subscribers])) {
    if (!(await arrived(account, place, at))) continue;
    const { page, i, subscriber } = place;
    const event = { _id: `${page}:${i}:late`, account, campaign, subscriber };
    await deps.events.append([{ ...event, type: 'recipient.sent', data: { class: 'clicked', code: null } }]);
  }
}

/** The sweep tells of it: the row is owed a look from here on. */
async function settleMessage({ messages, store }: Deps, account: number, id: string, at: Date): Promise<void> {
  const row = await messages.find(account, id);
  if (row === null || row.token === null || (row.state !== 'uncertain' && row.state !== 'deferred')) return;
  const step = stepOfEvidence({ n: row.attempt, at }, 'sent', { class: 'clicked', code: null, reply: null });
  await messageProgress(store, PROTOCOL_TIMES.lease).late(account, id, step);
}

function byCampaign(arrivals: readonly Arrival[]) {
  const found = new Map<number, { account: number; campaign: number; subscribers: Set<number>; at: Date }>();
  for (const { account, whose, at } of arrivals) {
    if ('message' in whose) continue;
    const { campaign, subscriber } = whose;
    const entry = found.get(campaign) ?? { account, campaign, subscribers: new Set(), at };
    entry.subscribers.add(subscriber);
    found.set(campaign, entry);
  }
  return found.values();
}
