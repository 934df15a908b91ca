/** The limits of an account; null: unlimited. */
export interface Plan {
  /** The display name; accounts of the same plan share it. */
  readonly name: string | null;
  /** Subscribers on all lists, in any state. */
  readonly subscribers: number | null;
  /** Campaigns, in any state. */
  readonly campaigns: number | null;
  /** Sending domains. */
  readonly senders: number | null;
  /** Client accounts; 0: the account is not an agency. */
  readonly clients: number | null;
  readonly emails_per_month: number | null;
  readonly ai_drafts_per_month: number | null;
  readonly requests_per_month: number | null;
  readonly requests_per_minute: number | null;
  /** Whether the account may use drafts by AI. */
  readonly ai: boolean;
}

export type PlanLimit = Exclude<keyof Plan, 'name' | 'ai'>;

export const PLAN_LIMITS: readonly PlanLimit[] = [
  'subscribers',
  'campaigns',
  'senders',
  'clients',
  'emails_per_month',
  'ai_drafts_per_month',
  'requests_per_month',
  'requests_per_minute',
];

const UNLIMITED: Plan = {
  name: null,
  subscribers: null,
  campaigns: null,
  senders: null,
  clients: null,
  emails_per_month: null,
  ai_drafts_per_month: null,
  requests_per_month: null,
  requests_per_minute: null,
  ai: true,
};

/**
 * Fills in a plan: absent limits are unlimited. A limited plan without a number of clients allows none, because a client has
 * a plan of its own and would bypass the limit.
 */
export type PlanSettings = { readonly [Field in keyof Plan]?: Plan[Field] | undefined };

export function planOf({ plan }: { readonly plan?: PlanSettings | null }): Plan {
  const given = Object.entries(plan ?? {}).filter(([, value]) => value !== undefined);
  const isLimited = given.some(([field, value]) => field !== 'name' && value !== null && value !== true);
  return { ...UNLIMITED, ...(isLimited && { clients: 0 }), ...(Object.fromEntries(given) as Partial<Plan>) };
}

/** The month that a time counts for, in UTC: `2026-05`. */
export function monthOf(at: Date): string {
  return at.toISOString().slice(0, 7);
}

/** When the month ends and its quotas are reset. */
export function endOfMonth(month: string): Date {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number, 1));
}
