import type { ClientSession } from 'mongodb';
import type { Language } from '../../domain/language.js';
import type { ConfirmationState, NoConfirmationReason } from '../../domain/subscriber/confirmation.js';
import type { SubscriberRequest } from '../../domain/subscriber/subscriber.js';
import type { Store } from '../mongo/connect.js';

/** Somebody's request to be put on a list, until it is confirmed by a link in a mail, or is over. */
export interface Confirmation {
  readonly _id: number;
  readonly account: number;
  readonly list_id: number;
  readonly state: ConfirmationState;
  /** Why it was closed: nobody needed to be asked, or the person left meanwhile. */
  readonly reason?: NoConfirmationReason | 'answered';
  /** What was asked for; forgotten at the end. A stranger may have filled it in: it counts when it is confirmed. */
  readonly requested?: SubscriberRequest;
  /** The row that waits for it, from `open` on. */
  readonly subscriber: number | null;
  /** That row was made for this: it goes again if nobody confirms. */
  readonly new_subscriber: boolean;
  readonly language: Language;
  readonly source: 'form' | 'page' | 'api';
  readonly ip: string | null;
  /** Whom the limit counts. */
  readonly visitor: string | null;
  readonly requested_at: Date;
  readonly remind_at: Date;
  readonly expires_at: Date;
  readonly confirmed_at?: Date;
  /** When the sweep should look at this row; null once it is over. */
  readonly sweep_at: Date | null;
  /** When the store may forget it. */
  readonly delete_at?: Date;
}

/** A person who is erased leaves no request behind, not even one that is over. */
export async function deleteRequests(
  { db }: Store,
  session: ClientSession,
  account: number,
  emailKey: string,
  people: readonly { readonly _id: number }[],
): Promise<void> {
  const ids = people.map(({ _id }) => _id);
  const theirs = [{ 'requested.email_key': emailKey }, { subscriber: { $in: ids } }];
  await db.collection<Confirmation>('confirmations').deleteMany({ account, $or: theirs }, { session });
}
