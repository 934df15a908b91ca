import type { ClientSession } from 'mongodb';
import type { Language } from '../../domain/language.js';
import type { ConfirmationState, NoConfirmationReason } from '../../domain/subscriber/confirmation.js';
import type { SubscriberRequest } from '../../domain/subscriber/subscriber.js';
import type { Store } from '../mongo/connect.js';

/** A request to join a list, until a link in a mail confirms it, or it ends. */
export interface Confirmation {
  readonly _id: number;
  readonly account: number;
  readonly list_id: number;
  readonly state: ConfirmationState;
  /** Why it was closed: no confirmation was needed, or the person left meanwhile. */
  readonly reason?: NoConfirmationReason | 'answered';
  /**
   * The requested fields; deleted at the end. A third party may have entered them: they apply only after the
   * confirmation.
   */
  readonly requested?: SubscriberRequest;
  /** The subscriber row that awaits the confirmation, from `open` on. */
  readonly subscriber: number | null;
  /** The subscriber row was created for this request: it is deleted if the request expires. */
  readonly new_subscriber: boolean;
  readonly language: Language;
  readonly source: 'form' | 'page' | 'api';
  readonly ip: string | null;
  /** The visitor counted by the rate limit. */
  readonly visitor: string | null;
  readonly requested_at: Date;
  readonly remind_at: Date;
  readonly expires_at: Date;
  readonly confirmed_at?: Date;
  /** When the sweep checks this row; null once the request has ended. */
  readonly sweep_at: Date | null;
  /** When MongoDB may delete it. */
  readonly delete_at?: Date;
}

/** An erasure deletes all requests of a person, including ended ones. */
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
