import { parseSender } from '../address.js';

interface Sender {
  readonly name: string | null;
  readonly email: string;
}

export interface SenderCandidates {
  readonly campaign: Sender | null;
  readonly list: Sender | null;
  /** As in MAIL_FROM: the account's own, else the installation's. */
  readonly fallback: string;
}

/** Who a campaign is from: campaign → list → account → MAIL_FROM. */
export function resolveSender({ campaign, list, fallback }: SenderCandidates): Sender {
  const sender = campaign ?? list ?? parseSender(fallback);
  if (sender === undefined) throw new Error('the sender of last resort is not a mailbox: see MAIL_FROM');
  return sender;
}
