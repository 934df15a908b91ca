/** What somebody of the account does here; only an approver is asked whether a campaign may go out. */
export const MEMBER_ROLES = ['admin', 'editor', 'approver'] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];
