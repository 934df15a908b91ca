/** The approval of a campaign that must not be sent without one. */
export interface Approval {
  /** Hours after the request in which approvers may answer. */
  readonly hours: number;
  /** The open request; null before it and after an answer. */
  readonly requested: { readonly at: Date; readonly until: Date } | null;
  readonly response: ApprovalResponse | null;
}

export const APPROVAL_DECISIONS = ['approved', 'rejected', 'expired'] as const;

/** An answer is valid for the letter that was requested, not for later changes. */
export interface ApprovalResponse {
  readonly decision: (typeof APPROVAL_DECISIONS)[number];
  readonly launch: number;
  readonly revision: number;
  /** Hash of the approved letter; null: no letter was approved. */
  readonly letter: string | null;
  /** The member who answered on the approval page; null: the API or an operator answered, or the request expired. */
  readonly member: number | null;
  readonly comment: string | null;
  readonly at: Date;
}

export const DEFAULT_HOURS = 168;
const HOUR = 3_600_000;
const REMIND_AFTER = 24 * HOUR;

/** An approval without a request; the launch makes the request. */
export function newApproval(hours: number): Approval {
  return { hours, requested: null, response: null };
}

export interface Approvable {
  readonly approval?: Approval | null;
  readonly launch: number;
  readonly revision: number;
  /** Hash of the letter as it would be sent; null before it is rendered. */
  readonly rendered?: string | null;
}

/** Whether an approval is missing before this can be sent. */
export function needsApproval({ approval, launch, revision, rendered = null }: Approvable): boolean {
  if (approval == null) return false;
  const { response } = approval;
  if (response?.decision !== 'approved' || response.launch !== launch || response.revision !== revision) return true;
  return rendered === null || response.letter !== rendered;
}

/** Opens a request at `at`. */
export function requestApproval(approval: Approval, at: Date): Approval {
  return { ...approval, requested: { at, until: new Date(at.getTime() + approval.hours * HOUR) }, response: null };
}

export function withResponse(approval: Approval | null | undefined, response: ApprovalResponse): Approval {
  return { ...(approval ?? newApproval(DEFAULT_HOURS)), requested: null, response };
}

/** When approvers are reminded; null where the deadline comes first. */
export function remindAt({ at, until }: NonNullable<Approval['requested']>): Date | null {
  const due = new Date(at.getTime() + REMIND_AFTER);
  return due < until ? due : null;
}
