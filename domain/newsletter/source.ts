/** The source of an issue's content. */
export type Source =
  | { readonly kind: 'ai'; readonly prompt: string; readonly links: readonly string[] }
  | { readonly kind: 'feed'; readonly url: string; readonly max_items: number }
  | { readonly kind: 'json'; readonly url: string }
  | { readonly kind: 'data' };

export const SOURCE_KINDS = ['ai', 'feed', 'json', 'data'] as const satisfies Source['kind'][];

/** The state of a newsletter's feed when the last issue was made from it; valid for this URL only. */
export interface FeedState {
  readonly url: string;
  readonly etag: string | null;
  readonly modified: string | null;
  /** Fingerprints of the items that the feed held at an earlier issue; the newest last. */
  readonly seen: readonly string[];
}

/** Fingerprints kept: more than a feed has items. */
const MOST_SEEN = 2_000;

/** The feed state after an issue: the items that the feed held are no longer new. */
export function nextFeedState(
  before: FeedState | null,
  now: Omit<FeedState, 'seen'>,
  fingerprints: readonly string[],
): FeedState {
  const earlier = before?.url === now.url ? before.seen : [];
  const seen = [...earlier.filter((one) => !fingerprints.includes(one)), ...fingerprints].slice(-MOST_SEEN);
  return { ...now, seen };
}

/** The prompt for one issue: the newsletter's prompt, the day of the issue, and recent subjects. */
export function promptForIssue(prompt: string, newsletter: string, day: string, subjects: readonly string[]): string {
  const lines = [prompt, '', `This is the issue of ${day} of the newsletter "${newsletter}".`];
  if (subjects.length === 0) return lines.join('\n');
  return [
    ...lines,
    'These subjects were sent already; do not repeat them or their topics:',
    ...subjects.map((one) => `- ${one}`),
  ].join('\n');
}
