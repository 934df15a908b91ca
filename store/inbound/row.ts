import type { Binary } from 'mongodb';
import type { Evidence } from '../../domain/delivery/evidence.js';

/** A provider's report about one recipient, in our terms. */
export interface ProviderReport {
  readonly evidence: Evidence;
  readonly at: Date;
  /** The recipient, as the provider names it. */
  readonly email: string | null;
  /** Addresses that may contain our tokens; none is trusted before its MAC is verified. */
  readonly addresses: readonly string[];
  readonly messageIds: readonly string[];
}

/** A report with the id that the provider gave it. */
export interface IdentifiedReport extends ProviderReport {
  readonly id: string;
}

interface InboundBase {
  /** SHA-256 of content and recipient: a repeated report is the same row. */
  readonly _id: string;
  /** The account whose key or webhook delivered it; null for unauthenticated mail by SMTP. */
  readonly account: number | null;
  readonly received_at: Date;
  /** When the sweep processes it; null once it has a verdict. */
  readonly sweep_at: Date | null;
  readonly tries: number;
  /** No evidence came of it; operators can read its content until then. */
  readonly readable_until?: Date;
  /** The result in one word. */
  readonly verdict: string | null;
}

/** A raw mail as received, with its envelope recipients. */
export interface InboundMailRow extends InboundBase {
  readonly kind: 'mail';
  readonly to: readonly string[];
  readonly raw?: Binary;
}

export interface InboundReportRow extends InboundBase {
  readonly kind: 'report';
  readonly account: number;
  readonly provider: string;
  readonly report: ProviderReport;
}

/** A provider's request to confirm a webhook subscription; opening the URL confirms it. */
export interface InboundSubscriptionRow extends InboundBase {
  readonly kind: 'subscription';
  readonly account: number;
  readonly provider: string;
  readonly url: string;
}

export type InboundRow = InboundMailRow | InboundReportRow | InboundSubscriptionRow;
