import { type Static, Type } from 'typebox';
import { MEMBER_ROLES, type Member } from '../../../store/accounts/members.js';
import { closed, Id, Line, Mailbox, Timestamp } from '../../schema/fields.js';
import { timestamp } from '../../timestamp.js';

const Role = Type.Enum([...MEMBER_ROLES], {
  description: 'Approvers are asked before a campaign with `approval` goes out.',
});

const EXAMPLE = { name: 'Grace', email: 'grace@acme.example', role: 'approver' };

export const NewMember = Type.Object(
  { name: Line(255, 1), email: Mailbox, role: Role },
  { ...closed, examples: [EXAMPLE] },
);

export const MemberView = Type.Object(
  { id: Id, name: Type.String(), email: Type.String(), role: Role, created_at: Timestamp },
  { examples: [{ id: 1, ...EXAMPLE, created_at: '2026-01-12T10:14:23+00:00' }] },
);

export function memberView({ _id: id, name, email, role, created_at }: Member): Static<typeof MemberView> {
  return { id, name, email, role, created_at: timestamp(created_at) };
}
