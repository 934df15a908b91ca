/** The role of a member; only approvers are asked to approve campaigns. */
export const MEMBER_ROLES = ['admin', 'editor', 'approver'] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];
