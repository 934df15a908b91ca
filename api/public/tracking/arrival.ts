import { stepOfEvidence } from '../../../domain/message-step.js';
import { PROTOCOL_TIMES } from '../../../domain/protocol.js';
import { messageProgress } from '../../../store/message/progress.js';
import type { Deps } from '../../deps.js';
import type { Hit } from './recording.js';

/** Evidence that a mail arrived. */
export type Arrival = Pick<Hit, 'account' | 'whose' | 'at'>;

/** Whoever clicks has the mail: where a campaign or a message is in doubt about it, it no longer is. */
export async function settleDoubt(deps: Deps, arrivals: readonly Arrival[]): Promise<void> {
  for (const { account, campaign, subscribers, at } of byCampaign(arrivals)) {
    await deps.doubt.settle(account, campaign, subscribers, at);
  }
  for (const { account, whose, at } of arrivals) {
    if ('message' in whose) await settleMessage(deps, account, whose.message, at);
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
  const found = new Map<number, { account: number; campaign: number; subscribers: number[]; at: Date }>();
  for (const { account, whose, at } of arrivals) {
    if ('message' in whose) continue;
    const { campaign, subscriber } = whose;
    const entry = found.get(campaign) ?? { account, campaign, subscribers: [], at };
    entry.subscribers.push(subscriber);
    found.set(campaign, entry);
  }
  return found.values();
}
