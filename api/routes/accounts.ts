import { type Static, Type } from 'typebox';
import type { Account } from '../../store/accounts/accounts.js';
import type { Api } from '../api.js';
import { accountOf } from '../hooks/auth.js';
import { Data, refusals } from '../schema/envelope.js';
import { closed, DisplayName, Id, nullable, PerSecond, Timestamp } from '../schema/fields.js';
import { SenderText } from '../schema/mailboxes.js';
import { timestamp } from '../timestamp.js';
import type { Deps } from '../wiring.js';

const Percent = (what: string) =>
  nullable(
    Type.Number({
      exclusiveMinimum: 0,
      maximum: 100,
      description: `Percent of ${what} above which a campaign is paused; null: the default of the installation.`,
    }),
  );

const limits = {
  pause_at_complaints: Percent('complaints'),
  pause_at_bounces: Percent('hard bounces'),
};

const fields = {
  name: Type.Optional(DisplayName(255)),
  mail_from: Type.Optional(SenderText),
  detect_repeats: Type.Optional(Type.Boolean()),
  rate_per_second: Type.Optional(PerSecond),
  track: Type.Optional(Type.Boolean()),
  reactivate: Type.Optional(
    Type.Boolean({
      description: 'False: adding people who unsubscribed leaves them unsubscribed, unless the request says otherwise.',
    }),
  ),
  pause_at_complaints: Type.Optional(limits.pause_at_complaints),
  pause_at_bounces: Type.Optional(limits.pause_at_bounces),
  strict_fields: Type.Optional(
    Type.Boolean({ description: 'Refuse attributes that are not defined under `/fields`.' }),
  ),
};

const AccountPatch = Type.Object(fields, {
  ...closed,
  examples: [{ mail_from: 'Acme <hello@acme.example>', detect_repeats: true, rate_per_second: 100 }],
});

const AccountView = Type.Object(
  {
    id: Id,
    name: Type.String(),
    mail_from: nullable(Type.String()),
    detect_repeats: Type.Boolean(),
    rate_per_second: PerSecond,
    track: Type.Boolean(),
    strict_fields: Type.Boolean(),
    reactivate: Type.Boolean(),
    ...limits,
    created_at: Timestamp,
  },
  {
    examples: [
      {
        id: 1,
        name: 'Acme',
        mail_from: 'Acme <hello@acme.example>',
        detect_repeats: false,
        rate_per_second: null,
        track: true,
        strict_fields: false,
        reactivate: true,
        pause_at_complaints: null,
        pause_at_bounces: null,
        created_at: '2026-01-12T10:14:23+00:00',
      },
    ],
  },
);

const tags = ['Account'];
const ONE = { 200: Data(AccountView), ...refusals };

export function account(app: Api, { accounts }: Pick<Deps, 'accounts'>): void {
  app.get('/account', { schema: { tags, summary: 'Retrieve the account', response: ONE } }, async (request) => ({
    data: accountView(await accounts.settings(accountOf(request))),
  }));

  app.patch(
    '/account',
    { schema: { tags, summary: 'Change the account', body: AccountPatch, response: ONE } },
    async (request) => ({ data: accountView(await accounts.change(accountOf(request), request.body)) }),
  );
}

function accountView(row: Account): Static<typeof AccountView> {
  const { _id: id, name, mail_from, detect_repeats = false, track = true, rate_per_second = null } = row;
  const {
    strict_fields = false,
    reactivate = true,
    pause_at_complaints = null,
    pause_at_bounces = null,
    created_at,
  } = row;
  const limits = { rate_per_second, pause_at_complaints, pause_at_bounces };
  const settings = { detect_repeats, track, strict_fields, reactivate, ...limits };
  return { id, name, mail_from, ...settings, created_at: timestamp(created_at) };
}
