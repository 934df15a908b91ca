import { later } from '../../clock.js';
import { linkTokens, type PreviewLink, previewUrl } from '../../mail/tokens/link-tokens.js';
import { timestamp } from '../timestamp.js';
import type { Deps } from '../wiring.js';

type Shown<L> = L extends PreviewLink ? Omit<L, 'expires_at'> : never;

const HOUR = 3_600_000;

/** A link that shows a preview without a key for so many hours. */
export async function previewLink({ config, linkKeys }: Deps, shown: Shown<PreviewLink>, hours: number) {
  const expires_at = later(hours * HOUR);
  const token = linkTokens(await linkKeys.ring()).forPreview({ ...shown, expires_at });
  return { url: previewUrl(config.publicUrl, token), expires_at: timestamp(expires_at) };
}
