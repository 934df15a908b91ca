import type { EventPattern } from '../../domain/event-types.js';
import type { WebhookFormat } from '../../domain/webhook/formats.js';
import type { Sealed } from '../secrets/sealing.js';

type EndpointState = 'enabled' | 'disabled';

/** Why it is disabled: by request, after a 410, or after days of failures. */
export type EndpointReason = 'by_request' | 'gone' | 'failing';

export interface EndpointSecret {
  readonly sealed: Sealed;
  readonly created_at: Date;
  /** Null: it does not expire. */
  readonly expires_at: Date | null;
}

/** A URL that receives the events of an account. */
export interface Endpoint {
  readonly _id: number;
  readonly account: number;
  readonly url: string;
  readonly description: string | null;
  readonly events: readonly EventPattern[];
  readonly format: WebhookFormat;
  /** A failed delivery holds back all later events. */
  readonly ordered: boolean;
  readonly state: EndpointState;
  readonly reason: EndpointReason | null;
  /** The newest last; two sign during a rotation. */
  readonly secrets: readonly EndpointSecret[];
  /** Every event up to this sequence number was attempted at least once, and the result is written. */
  readonly cursor: number;
  /** Failed attempts since the last successful one. */
  readonly failures: number;
  readonly failing_since: Date | null;
  readonly last_delivered_at: Date | null;
  /** No attempt begins before this time. */
  readonly rest_until: Date | null;
  /** A pass holds the endpoint until this time; no notification is needed. */
  readonly leased_until: Date | null;
  /** When the sweep checks this row; null where nothing is due. */
  readonly sweep_at: Date | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  /** The Idempotency-Key's claim that created it: a repetition after a crash finds it. */
  readonly origin?: string;
}

export type NewEndpoint = Pick<Endpoint, 'url' | 'description' | 'events' | 'format' | 'ordered'> & {
  /** Only later events are delivered. */
  readonly cursor: number;
};

export type EndpointFields = {
  readonly [Field in 'url' | 'description' | 'events' | 'ordered']?: Endpoint[Field] | undefined;
} & { readonly enabled?: boolean | undefined };
