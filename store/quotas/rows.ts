import type { Plan } from '../../domain/account/plan.js';

/** The monthly quotas; unused reservations are released. */
export const METERED = ['emails', 'ai_drafts'] as const;
export type Metered = (typeof METERED)[number];

export const LIMIT_OF = {
  emails: 'emails_per_month',
  ai_drafts: 'ai_drafts_per_month',
} as const satisfies Record<Metered, keyof Plan>;

export interface Meter {
  readonly used: number;
  /** Reserved and not used yet. */
  readonly reserved: number;
}

/** One account's month: the total of its reservations, written in the same transaction as each of them. */
export interface UsageRow extends Readonly<Record<Metered, Meter>> {
  /** `<account>:<month>` */
  readonly _id: string;
  readonly account: number;
  readonly month: string;
}

/** The reservation of one holder: a campaign's round, a message, a draft. */
export interface Reservation {
  /** Derived from the holder: a holder never reserves twice. */
  readonly _id: string;
  readonly account: number;
  readonly month: string;
  readonly kind: Metered;
  readonly holder: Holder;
  readonly amount: number;
  readonly state: 'held' | 'settled';
  /** Set once settled. */
  readonly used?: number;
  readonly at: Date;
  /** When the sweep checks the holder; null once settled. */
  readonly sweep_at: Date | null;
  readonly delete_at?: Date;
}

export type Holder =
  | { readonly kind: 'campaign'; readonly campaign: number; readonly launch: number }
  | { readonly kind: 'message'; readonly message: string }
  | { readonly kind: 'draft'; readonly campaign: number; readonly n: number };
