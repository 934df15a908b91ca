/** Email providers that report by webhook. */
export const PROVIDERS = ['ses', 'sendgrid', 'mailgun', 'postmark'] as const;

export type ProviderName = (typeof PROVIDERS)[number];

/** An account's settings for a provider, which verify its webhooks. */
export interface ProviderSettings {
  /** SES: the SNS topic of the reports. Any AWS customer can sign messages of another topic. */
  readonly topic_arn?: string;
  /** SendGrid: the verification key, base64 of an SPKI. */
  readonly public_key?: string;
  /** Mailgun: the webhook signing key. */
  readonly signing_key?: string;
  /** Postmark does not sign: user and password of the URL, in addition to the secret in the URL. */
  readonly username?: string;
  readonly password?: string;
}

type Field = keyof ProviderSettings;

/** Which settings each provider needs, and which it may have. */
export const SETTINGS: Readonly<
  Record<ProviderName, { readonly needs: readonly Field[]; readonly may: readonly Field[] }>
> = {
  ses: { needs: ['topic_arn'], may: [] },
  sendgrid: { needs: ['public_key'], may: [] },
  mailgun: { needs: ['signing_key'], may: [] },
  postmark: { needs: [], may: ['username', 'password'] },
};

/** Days after which a spent token is deleted: longer than a signature is valid. */
export const TOKEN_RETENTION_DAYS = 2;
