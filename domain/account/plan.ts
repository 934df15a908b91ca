/** What an account may have and do; null: as much as it likes. */
export interface Plan {
  /** What people call it; accounts of the same plan have the same name. */
  readonly name: string | null;
  /** Subscribers on all lists, in any state. */
  readonly subscribers: number | null;
  /** Campaigns, in any state. */
  readonly campaigns: number | null;
  /** Domains that mail is sent from. */
  readonly senders: number | null;
  /** Accounts it keeps for others; 0: it is no agency. */
  readonly clients: number | null;
  readonly emails_per_month: number | null;
  readonly ai_drafts_per_month: number | null;
  readonly requests_per_month: number | null;
  readonly requests_per_minute: number | null;
  /** Whether a model may write for it. */
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
 * What somebody has set; everything else is unlimited. But whoever has a limit has no clients unless their number is named:
 * a client has a plan of its own, and would lift the limit.
 */
export type PlanSettings = { readonly [Field in keyof Plan]?: Plan[Field] | undefined };

export function planOf({ plan }: { readonly plan?: PlanSettings | null }): Plan {
  const given = Object.entries(plan ?? {}).filter(([, value]) => value !== undefined);
  const isLimited = given.some(([field, value]) => field !== 'name' && value !== null && value !== true);
  return { ...UNLIMITED, ...(isLimited && { clients: 0 }), ...(Object.fromEntries(given) as Partial<Plan>) };
}

/** The month that a moment counts for, in UTC: `2026-05`. */
export function monthOf(at: Date): string {
  return at.toISOString().slice(0, 7);
}

/** When the month is over and its quotas are whole again. */
export function endOfMonth(month: string): Date {
  const [year = 0, number = 1] = month.split('-').map(Number);
  return new Date(Date.UTC(year, number, 1));
}
