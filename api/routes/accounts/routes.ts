import type { Static } from 'typebox';
import { Failure } from '../../../domain/errors.js';
import { parseMailbox, parseSender } from '../../../mail/address.js';
import type { Account } from '../../../store/accounts/accounts.js';
import type { Api } from '../../api.js';
import { accountOf } from '../../hooks/auth.js';
import { Data, refusals } from '../../schema/envelope.js';
import { timestamp } from '../../timestamp.js';
import type { Deps } from '../../wiring.js';
import { AccountPatch, AccountView } from './schema.js';

const tags = ['Account'];
const ONE = { 200: Data(AccountView), ...refusals };

export function account(app: Api, { accounts }: Pick<Deps, 'accounts'>): void {
  app.get('/account', { schema: { tags, summary: 'Retrieve the account', response: ONE } }, async (request) => ({
    data: accountView(await accounts.settings(accountOf(request))),
  }));

  app.patch(
    '/account',
    { schema: { tags, summary: 'Change the account', body: AccountPatch, response: ONE } },
    async (request) => {
      const { mail_from } = request.body;
      if (mail_from != null) demandSender(mail_from);
      return { data: accountView(await accounts.change(accountOf(request), request.body)) };
    },
  );
}

export function demandSender(text: string): void {
  const sender = parseSender(text);
  if (sender !== undefined && parseMailbox(sender.email)?.ascii === true) return;
  throw new Failure('validation_failed', { mail_from: ['The mail_from must be `address` or `Name <address>`.'] });
}

function accountView(row: Account): Static<typeof AccountView> {
  const { _id: id, name, mail_from, detect_repeats = false, track = true, rate_per_second = null } = row;
  const { strict_fields = false, pause_at_complaints = null, pause_at_bounces = null, created_at } = row;
  const limits = { rate_per_second, pause_at_complaints, pause_at_bounces };
  const settings = { detect_repeats, track, strict_fields, ...limits };
  return { id, name, mail_from, ...settings, created_at: timestamp(created_at) };
}
