import { type Static, Type } from 'typebox';
import { demandNoFaults, Failure } from '../../domain/errors.js';
import { PROVIDERS, type ProviderName, SETTINGS } from '../../domain/provider/settings.js';
import type { OpenedHook, ProviderHook, Providers } from '../../store/inbound/providers.js';
import { HIDDEN } from '../../store/transports/transports.js';
import type { Api } from '../api.js';
import { accountOf } from '../hooks/auth.js';
import { sendgridKey } from '../providers/sendgrid.js';
import { regionOf } from '../providers/sns.js';
import { Data, NoContent, refusals } from '../schema/envelope.js';
import { closed, Timestamp } from '../schema/fields.js';
import { timestamp } from '../timestamp.js';
import type { Deps } from '../wiring.js';

const Word = (maxLength: number, description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength, pattern: '^[\\u0020-\\u007e]*$', description }));

const EXAMPLE = { topic_arn: 'arn:aws:sns:eu-west-1:123456789012:everpost' };

const ProviderSettings = Type.Object(
  {
    topic_arn: Word(300, 'SES: the SNS topic that its reports are published to.'),
    public_key: Word(1_000, 'SendGrid: the verification key of the signed event webhook.'),
    signing_key: Word(200, 'Mailgun: the HTTP webhook signing key; *** keeps the current one.'),
    username: Word(100, 'Postmark: the user in the URL of the webhook, if any.'),
    password: Word(200, 'Postmark: the password in the URL of the webhook; *** keeps the current one.'),
  },
  { ...closed, examples: [EXAMPLE] },
);

export const ProviderPath = Type.Object({ name: Type.Enum([...PROVIDERS]) });

const ProviderView = Type.Object(
  {
    name: Type.Enum([...PROVIDERS]),
    url: Type.String({ description: 'Contains a secret: share it with the provider only.' }),
    topic_arn: Type.Optional(Type.String()),
    public_key: Type.Optional(Type.String()),
    username: Type.Optional(Type.String()),
    signing_key: Type.Optional(Type.String({ description: 'Shown as ***.' })),
    password: Type.Optional(Type.String({ description: 'Shown as ***.' })),
    created_at: Timestamp,
    updated_at: Timestamp,
  },
  { examples: [{ name: 'ses', url: 'https://mail.example.org/inbound/ses/kTq5…', ...EXAMPLE }] },
);

type ProviderView = Static<typeof ProviderView>;

const tags = ['Bounces'];
/** Settings whose values are hidden. */
const SECRETS = ['signing_key', 'password'] as const;
const ONE = { 200: Data(ProviderView), ...refusals };

/** Providers whose webhooks report deliveries, with the settings that authenticate these reports. */
export function providers(app: Api, deps: Deps): void {
  readProviders(app, deps);
  setProvider(app, deps);
  removeProvider(app, deps);
}

function readProviders(app: Api, { providers, config }: Deps): void {
  const view = viewOf(providers, config.publicUrl);
  app.get(
    '/providers',
    { schema: { tags, summary: 'List providers', response: { 200: Data(Type.Array(ProviderView)), ...refusals } } },
    async (request) => ({ data: (await providers.ofAccount(accountOf(request))).map(view) }),
  );

  app.get(
    '/providers/:name',
    { schema: { tags, summary: 'Retrieve a provider', params: ProviderPath, response: ONE } },
    async (request) => {
      const row = await providers.find(accountOf(request), request.params.name);
      if (row === null) throw new Failure('not_found');
      return { data: view(row) };
    },
  );
}

function setProvider(app: Api, { providers, config }: Deps): void {
  const view = viewOf(providers, config.publicUrl);
  app.put(
    '/providers/:name',
    {
      schema: {
        tags,
        summary: 'Configure a provider',
        description: 'Returns the URL for its webhook; it stays the same when the settings change.',
        params: ProviderPath,
        body: ProviderSettings,
        response: ONE,
      },
    },
    async (request) => {
      const { name } = request.params;
      const account = accountOf(request);
      demandSettings(name, request.body);
      const settings = await withStoredSecrets(providers, account, name, request.body);
      return { data: view(await providers.set(account, name, settings)) };
    },
  );
}

function removeProvider(app: Api, { providers }: Deps): void {
  app.delete(
    '/providers/:name',
    {
      schema: { tags, summary: 'Remove a provider', params: ProviderPath, response: { 204: NoContent, ...refusals } },
    },
    async (request, reply) => {
      if (!(await providers.remove(accountOf(request), request.params.name))) throw new Failure('not_found');
      return reply.code(204).send(null);
    },
  );
}

function demandSettings(name: ProviderName, given: Static<typeof ProviderSettings>): void {
  const { needs, may } = SETTINGS[name];
  const missing = needs.filter((field) => given[field] === undefined);
  const known: readonly string[] = [...needs, ...may];
  const other = Object.keys(given).filter((field) => !known.includes(field));
  const wrong = faultsIn(given);
  const errors = Object.fromEntries([
    ...missing.map((field) => [field, [`The ${field} field is required.`]]),
    ...other.map((field) => [field, [`The ${field} field is not one of ${name}.`]]),
    ...wrong,
  ]);
  demandNoFaults(errors);
}

/** A hidden value that is sent back keeps the stored one; without a stored value it is refused. */
async function withStoredSecrets(
  store: Pick<Providers, 'find' | 'opened'>,
  account: number,
  name: ProviderName,
  given: Static<typeof ProviderSettings>,
): Promise<Static<typeof ProviderSettings>> {
  const hidden = SECRETS.filter((field) => given[field] === HIDDEN);
  if (hidden.length === 0) return given;
  const row = await store.find(account, name);
  const before: Static<typeof ProviderSettings> = row === null ? {} : openProvider(store, row);
  const lacking = hidden.filter((field) => before[field] === undefined);
  if (lacking.length > 0) {
    const errors = lacking.map((field) => [field, [`The ${field} is required: no value is stored.`]]);
    throw new Failure('validation_failed', Object.fromEntries(errors));
  }
  return { ...given, ...Object.fromEntries(hidden.map((field) => [field, before[field]])) };
}

function faultsIn({ topic_arn, public_key }: Static<typeof ProviderSettings>): [string, string[]][] {
  const faults: [string, string[]][] = [];
  if (topic_arn !== undefined && regionOf(topic_arn) === undefined) {
    faults.push(['topic_arn', ['The topic_arn must have the form arn:aws:sns:<region>:<account>:<topic>.']]);
  }
  if (public_key !== undefined && sendgridKey(public_key) === undefined) {
    faults.push(['public_key', ['The public_key must be the verification key that SendGrid shows.']]);
  }
  return faults;
}

function viewOf(store: Pick<Providers, 'opened'>, publicUrl: string): (row: ProviderHook) => ProviderView {
  return (row) => {
    const { hook, signing_key, password, ...open } = openProvider(store, row);
    return {
      name: row.name,
      url: `${publicUrl}/inbound/${row.name}/${hook}`,
      ...open,
      ...(signing_key !== undefined && { signing_key: HIDDEN }),
      ...(password !== undefined && { password: HIDDEN }),
      created_at: timestamp(row.created_at),
      updated_at: timestamp(row.updated_at),
    };
  };
}

function openProvider({ opened }: Pick<Providers, 'opened'>, row: ProviderHook): OpenedHook {
  try {
    return opened(row);
  } catch {
    throw new Failure(
      'sealed_elsewhere',
      undefined,
      'It was encrypted with another EVERPOST_SECRET; remove it and configure it again.',
    );
  }
}
