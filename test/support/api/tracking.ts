import type { InjectOptions } from 'fastify';
import { linkTokens } from '../../../mail/tokens/link-tokens.js';
import type { TestApi } from './api.js';

export const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
export const APPLE_PRIVACY = 'Mozilla/5.0';
/** Long before every visit, so that no visit counts as too soon. */
export const LONG_AGO = new Date('2026-05-15T09:00:12Z');

/** What a worker has stored of a campaign's links before its mails left. */
export async function storedLinks(
  { deps, account }: TestApi,
  campaign: number,
  urls: readonly string[],
): Promise<void> {
  await deps.links.number({ kind: 'campaign', account, id: campaign }, urls);
}

/** The token in the mail of one recipient. */
export async function tokenFor(
  { deps }: TestApi,
  campaign: number,
  subscriber: number,
  madeAt = LONG_AGO,
): Promise<string> {
  return linkTokens(await deps.linkKeys.ring()).forRecipient(campaign, subscriber, madeAt);
}

/** A visit to a public address, without a key; a person's browser unless another is named. */
export function visit(
  { app }: Pick<TestApi, 'app'>,
  url: string,
  headers: Record<string, string> = {},
  method = 'GET',
) {
  return app.inject({
    method: method as NonNullable<InjectOptions['method']>,
    url,
    headers: { 'user-agent': FIREFOX, ...headers },
  });
}
