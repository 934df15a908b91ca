import { PROTOCOL_TIMES } from '../../../domain/delivery/protocol.js';
import { stepOfEvidence } from '../../../domain/message/step.js';
import { messageProgress } from '../../../store/messages/progress.js';
import type { Deps } from '../../wiring.js';
import type { Hit } from './recording.js';

/** Evidence that a mail arrived. */
export type DeliveryEvidence = Pick<Hit, 'account' | 'owner' | 'at'>;

/** Whoever clicks has the mail: where a campaign or a message is in doubt about it, it no longer is. */
export async function settleUncertain(deps: Deps, evidence: readonly DeliveryEvidence[]): Promise<void> {
  for (const { account, campaign, subscribers, at } of byCampaign(evidence)) {
    await deps.uncertainRecipients.settleAsSent(account, campaign, subscribers, at);
  }
  for (const { account, owner, at } of evidence) {
    if ('message' in owner) await settleMessage(deps, account, owner.message, at);
  }
}

/** The sweep tells of it: the row is owed a look from here on. */
async function settleMessage({ messages, store }: Deps, account: number, id: string, at: Date): Promise<void> {
  const row = await messages.find(account, id);
  if (row === null || row.token === null || (row.state !== 'uncertain' && row.state !== 'deferred')) return;
  const step = stepOfEvidence({ n: row.attempt, at }, 'sent', { class: 'clicked', code: null, reply: null });
  await messageProgress(store, PROTOCOL_TIMES.lease).recordLateEvidence(account, id, step);
}

function byCampaign(evidence: readonly DeliveryEvidence[]) {
  const found = new Map<number, { account: number; campaign: number; subscribers: number[]; at: Date }>();
  for (const { account, owner, at } of evidence) {
    if ('message' in owner) continue;
    const { campaign, subscriber } = owner;
    const entry = found.get(campaign) ?? { account, campaign, subscribers: [], at };
    entry.subscribers.push(subscriber);
    found.set(campaign, entry);
  }
  return found.values();
}
