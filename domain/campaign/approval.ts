/** What a campaign that needs somebody's yes knows of it. */
export interface Approval {
  /** How long an answer is waited for. */
  readonly hours: number;
  /** Asked, and not answered yet. */
  readonly requested: { readonly at: Date; readonly until: Date } | null;
  readonly response: ApprovalResponse | null;
}

export const APPROVAL_DECISIONS = ['approved', 'rejected', 'expired'] as const;

/** An answer holds for what was asked about, and for nothing that is written later. */
export interface ApprovalResponse {
  readonly decision: (typeof APPROVAL_DECISIONS)[number];
  readonly launch: number;
  readonly revision: number;
  /** Hash of the rendered letter; null: nobody has said yes to one. */
  readonly letter: string | null;
  /** The member who has answered on their page; null: by the API, an operator, or nobody in time. */
  readonly member: number | null;
  readonly comment: string | null;
  readonly at: Date;
}

export const DEFAULT_HOURS = 168;
const HOUR = 3_600_000;
const REMIND_AFTER = 24 * HOUR;

/** A wish for approval: nothing is asked before the launch. */
export function newApproval(hours: number): Approval {
  return { hours, requested: null, response: null };
}

export interface Approvable {
  readonly approval?: Approval | null;
  readonly launch: number;
  readonly revision: number;
  /** Hash of the letter as it would go out; null before it is rendered. */
  readonly rendered?: string | null;
}

/** Whether somebody has to say yes before this goes out. */
export function needsApproval({ approval, launch, revision, rendered = null }: Approvable): boolean {
  if (approval == null) return false;
  const { response } = approval;
  if (response?.decision !== 'approved' || response.launch !== launch || response.revision !== revision) return true;
  return rendered === null || response.letter !== rendered;
}

/** Asks from now on. */
export function requestApproval(approval: Approval, at: Date): Approval {
  return { ...approval, requested: { at, until: new Date(at.getTime() + approval.hours * HOUR) }, response: null };
}

export function withResponse(approval: Approval | null | undefined, response: ApprovalResponse): Approval {
  return { ...(approval ?? newApproval(DEFAULT_HOURS)), requested: null, response };
}

/** When whoever was asked is reminded; null where the time is over by then. */
export function remindAt({ at, until }: NonNullable<Approval['requested']>): Date | null {
  const due = new Date(at.getTime() + REMIND_AFTER);
  return due < until ? due : null;
}
