import { parseSender } from './address.js';

interface Sender {
  readonly name: string | null;
  readonly email: string;
}

export interface SenderPlaces {
  readonly campaign: Sender | null;
  readonly list: Sender | null;
  /** As in MAIL_FROM: the account's own, else the installation's. */
  readonly lastResort: string;
}

/** Who a campaign is from: campaign → list → account → MAIL_FROM. */
export function chosenSender({ campaign, list, lastResort }: SenderPlaces): Sender {
  const sender = campaign ?? list ?? parseSender(lastResort);
  if (sender === undefined) throw new Error('the sender of last resort is not a mailbox: see MAIL_FROM');
  return sender;
}
