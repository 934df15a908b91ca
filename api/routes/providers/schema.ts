import { type Static, Type } from 'typebox';
import { PROVIDERS } from '../../../domain/provider/settings.js';
import { closed, Timestamp } from '../../schema/fields.js';

const Word = (maxLength: number, description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength, pattern: '^[\\u0020-\\u007e]*$', description }));

const EXAMPLE = { topic_arn: 'arn:aws:sns:eu-west-1:123456789012:everpost' };

export const ProviderSettings = Type.Object(
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

export const ProviderView = Type.Object(
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

export type ProviderView = Static<typeof ProviderView>;
