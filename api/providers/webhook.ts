import type { IncomingHttpHeaders } from 'node:http';
import { REPORT_RETENTION_DAYS } from '../../domain/delivery/evidence.js';
import type { ProviderSettings } from '../../domain/provider/settings.js';
import type { IdentifiedReport } from '../../store/inbound/row.js';
import { jsonIn } from '../hooks/json-bodies.js';

/** One request of a provider's webhook, unparsed. */
export interface WebhookRequest {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly settings: ProviderSettings;
  readonly at: Date;
}

/** The content of a webhook request. Reports about opens and clicks are ignored. */
export type WebhookContent =
  | { readonly kind: 'forged' }
  /** Correctly signed, but not what the provider documents. */
  | { readonly kind: 'unreadable' }
  | {
      readonly kind: 'reports';
      readonly reports: readonly IdentifiedReport[];
      /** A signature that does not cover the body is valid for one event only. */
      readonly singleUse?: { readonly token: string; readonly event: string };
    }
  /** SNS requests a confirmation of the subscription: opening the URL confirms it. */
  | { readonly kind: 'subscription'; readonly id: string; readonly url: string };

export type ReadWebhook = (incoming: WebhookRequest) => Promise<WebhookContent> | WebhookContent;

export const FORGED: WebhookContent = { kind: 'forged' };
export const UNREADABLE: WebhookContent = { kind: 'unreadable' };

/** A document of the provider: no field is certain to exist. */
export type JsonFields = Readonly<Record<string, unknown>>;

/** The parsed body; undefined where it is not JSON. Throws `json_too_deep`. */
export function parseJson(body: Buffer | string): unknown {
  return jsonIn(body.toString());
}

/** An object's fields; empty for any other value. */
export function fieldsOf(value: unknown): JsonFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonFields) : {};
}

export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

export function itemsOf(value: unknown): readonly JsonFields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : [];
}

/** A time as ISO 8601 or as seconds since 1970; `otherwise` where it is neither. */
export function timeOf(value: unknown, fallback: Date): Date {
  const at = typeof value === 'number' ? new Date(value * 1_000) : new Date(textOf(value) ?? Number.NaN);
  return Number.isNaN(at.getTime()) ? fallback : at;
}

/** Message-IDs in our format, without brackets. */
export function messageIdsIn(...values: readonly unknown[]): string[] {
  return values.flatMap((value) => (textOf(value)?.trim() ?? '').replace(/^<|>$/g, '').slice(0, 250) || []);
}

const DAY = 86_400_000;
/** Allowance for clock differences. */
const CLOCK_SKEW = 300_000;

/** Refuses a report whose row may have been deleted: a captured copy could be replayed. */
export function isTooOld(sentAt: Date, at: Date, longest = REPORT_RETENTION_DAYS * DAY): boolean {
  const age = at.getTime() - sentAt.getTime();
  return Number.isNaN(age) || age > longest || age < -CLOCK_SKEW;
}

/** The same for a time in seconds since 1970; an invalid one is refused too. */
export function isTooOldSecond(seconds: string, at: Date, longest?: number): boolean {
  return !/^\d{9,12}$/.test(seconds) || isTooOld(new Date(Number(seconds) * 1_000), at, longest);
}
