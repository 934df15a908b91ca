import { type Static, Type } from 'typebox';
import { Failure } from '../../domain/errors.js';
import { parseMailbox } from '../../mail/address.js';
import { type NewMember as Fresh, MEMBER_ROLES, type Member } from '../../store/accounts/members.js';
import type { Api } from '../api.js';
import { accountOf } from '../hooks/auth.js';
import { demandDone } from '../hooks/failures.js';
import { originOf } from '../hooks/idempotency.js';
import { Data, NoContent, refusals } from '../schema/envelope.js';
import { closed, DisplayName, Id, IdPath, Mailbox, Timestamp } from '../schema/fields.js';
import { timestamp } from '../timestamp.js';
import type { Deps } from '../wiring.js';

const tags = ['Account'];

/** The members of the account; only they receive drafts and tests. */
export function members(app: Api, { members }: Pick<Deps, 'members'>): void {
  app.get(
    '/account/members',
    { schema: { tags, summary: 'List members', response: { 200: Data(Type.Array(MemberView)), ...refusals } } },
    async (request) => ({ data: (await members.ofAccount(accountOf(request))).map(memberView) }),
  );

  app.post(
    '/account/members',
    { schema: { tags, summary: 'Add a member', body: NewMember, response: { 201: Data(MemberView), ...refusals } } },
    async (request, reply) => {
      const row = await members.add(accountOf(request), newMember(request.body), originOf(request));
      if (row === 'taken') throw new Failure('already_a_member');
      return reply.code(201).send({ data: memberView(row) });
    },
  );

  app.delete(
    '/account/members/:id',
    { schema: { tags, summary: 'Remove a member', params: IdPath, response: { 204: NoContent, ...refusals } } },
    async (request, reply) => {
      demandDone(await members.remove(accountOf(request), request.params.id));
      return reply.code(204).send(null);
    },
  );
}

/** A member's address must not need SMTPUTF8, like that of any message recipient. */
function newMember({ name, email, role }: Static<typeof NewMember>): Fresh {
  const address = parseMailbox(email);
  if (address?.ascii === true) return { name, email: address.shown, email_key: address.identity, role };
  throw new Failure('validation_failed', { email: ['The email must be an address that mail can be sent to.'] });
}

const Role = Type.Enum([...MEMBER_ROLES], {
  description: 'Approvers are asked before a campaign with `approval` goes out.',
});

const EXAMPLE = { name: 'Grace', email: 'grace@acme.example', role: 'approver' };

const NewMember = Type.Object(
  { name: DisplayName(255), email: Mailbox, role: Role },
  { ...closed, examples: [EXAMPLE] },
);

const MemberView = Type.Object(
  { id: Id, name: Type.String(), email: Type.String(), role: Role, created_at: Timestamp },
  { examples: [{ id: 1, ...EXAMPLE, created_at: '2026-01-12T10:14:23+00:00' }] },
);

function memberView({ _id: id, name, email, role, created_at }: Member): Static<typeof MemberView> {
  return { id, name, email, role, created_at: timestamp(created_at) };
}
