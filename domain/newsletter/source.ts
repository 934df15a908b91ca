/** Where what an issue says comes from. */
export type Source =
  | { readonly kind: 'ai'; readonly prompt: string; readonly links: readonly string[] }
  | { readonly kind: 'feed'; readonly url: string; readonly max_items: number }
  | { readonly kind: 'json'; readonly url: string }
  | { readonly kind: 'data' };

export const SOURCE_KINDS = ['ai', 'feed', 'json', 'data'] as const satisfies Source['kind'][];

/** What a newsletter remembers of its feed: of this address, as it was when an issue was made from it last. */
export interface FeedState {
  readonly url: string;
  readonly etag: string | null;
  readonly modified: string | null;
  /** Marks of the items that have been in an issue, or stood beside one; the newest last. */
  readonly seen: readonly string[];
}

/** Marks that are kept: more than a feed has items. */
const MOST_SEEN = 2_000;

/** The memory after an issue: what the feed held then is not new any more. */
export function nextFeedState(
  before: FeedState | null,
  now: Omit<FeedState, 'seen'>,
  fingerprints: readonly string[],
): FeedState {
  const earlier = before?.url === now.url ? before.seen : [];
  const seen = [...earlier.filter((mark) => !fingerprints.includes(mark)), ...fingerprints].slice(-MOST_SEEN);
  return { ...now, seen };
}

/** Words of others must not become Liquid of ours: no tag can begin in what this answers, however deep the text lies. */
export function withoutLiquid(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/[\ue000\ue001]/g, '').replace(/\{(?=[{%])/g, '{\u200b');
  if (Array.isArray(value)) return value.map(withoutLiquid);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutLiquid(inner)]));
}

/** What a model is asked for one issue: the standing request, which issue it is, and what it said lately. */
export function promptForIssue(prompt: string, newsletter: string, day: string, subjects: readonly string[]): string {
  const lines = [prompt, '', `This is the issue of ${day} of the newsletter "${newsletter}".`];
  if (subjects.length === 0) return lines.join('\n');
  return [
    ...lines,
    'These subjects were sent already; do not repeat them or their topics:',
    ...subjects.map((one) => `- ${one}`),
  ].join('\n');
}
