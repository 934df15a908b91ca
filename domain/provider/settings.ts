/** Services that carry mail for our senders and tell by webhook what became of it. */
export const PROVIDERS = ['ses', 'sendgrid', 'mailgun', 'postmark'] as const;

export type ProviderName = (typeof PROVIDERS)[number];

/** What an account has set up with a provider, so that its webhooks can be told from forged ones. */
export interface ProviderSettings {
  /** SES: the SNS topic that reports come from; anybody on AWS can sign for a topic of their own. */
  readonly topic_arn?: string;
  /** SendGrid: the verification key, base64 of an SPKI. */
  readonly public_key?: string;
  /** Mailgun: the webhook signing key. */
  readonly signing_key?: string;
  /** Postmark signs nothing: user and password of the URL, beside the secret that is in it anyway. */
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

/** Days after which a spent token is forgotten: longer than a signature counts. */
export const TOKEN_RETENTION_DAYS = 2;
