import { shortened } from '../shortened.js';

/** The source of an issue's content. */
export type Source =
  | { readonly kind: 'ai'; readonly prompt: string; readonly links: readonly string[] }
  | {
      readonly kind: 'feed';
      readonly url: string;
      readonly max_items: number;
      /** Absent in rows of earlier versions: the first one. */
      readonly overflow?: Overflow;
    }
  | { readonly kind: 'json'; readonly url: string }
  | { readonly kind: 'data' };

/** What becomes of new items beyond `max_items`. */
export const OVERFLOWS = ['next_issue', 'skip'] as const;
export type Overflow = (typeof OVERFLOWS)[number];

export const SOURCE_KINDS = ['ai', 'feed', 'json', 'data'] as const satisfies Source['kind'][];

/** The state of a newsletter's feed when the last issue was made from it; valid for this URL only. */
export interface FeedState {
  readonly url: string;
  readonly etag: string | null;
  readonly modified: string | null;
  /** Fingerprints of the items that are not new any more; the newest last. */
  readonly seen: readonly string[];
}

/** Fingerprints kept: more than a feed has items. */
const MOST_SEEN = 2_000;

interface Marked {
  readonly fingerprint: string;
}

/** The items of one issue, and the items that are not new once it is sent. */
export interface ItemChoice<T extends Marked> {
  readonly items: readonly T[];
  readonly marks: readonly string[];
  /** How many new items are not in the issue. */
  readonly left: number;
}

interface FeedMemory {
  /** Not new any more. */
  readonly seen: ReadonlySet<string>;
  /** In an issue that is still open. */
  readonly taken: ReadonlySet<string>;
}

/** Takes the first new items. Items that do not fit stay new, unless the newsletter skips them. */
export function chooseItems<T extends Marked>(
  feed: readonly T[],
  { seen, taken }: FeedMemory,
  { max_items, overflow }: { readonly max_items: number; readonly overflow?: Overflow | undefined },
): ItemChoice<T> {
  const fresh = feed.filter(({ fingerprint }) => !seen.has(fingerprint) && !taken.has(fingerprint));
  const settled = new Set(
    (overflow === 'skip' ? fresh : fresh.slice(0, max_items)).map(({ fingerprint }) => fingerprint),
  );
  const marks = feed.map(({ fingerprint }) => fingerprint).filter((mark) => settled.has(mark) || seen.has(mark));
  return { items: fresh.slice(0, max_items), marks, left: Math.max(0, fresh.length - max_items) };
}

/** The feed state after an issue: its items are no longer new. */
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

const SUBJECT_LENGTH = 90;
const PREVIEW_LENGTH = 140;

/** What the inbox shows of an issue: the titles that fit into the subject, then the others, else the first text. */
export function inboxLines(items: readonly { readonly title: string; readonly summary: string }[]) {
  const titles = items.map(({ title }) => title);
  const inSubject = howManyFit(titles, SUBJECT_LENGTH);
  const others = titles.slice(inSubject);
  const preview = others.length > 0 ? others : items.map(({ summary }) => summary).filter((text) => text !== '');
  return {
    subject: titles.slice(0, inSubject).join(SEPARATOR),
    preview: shortened(preview.slice(0, howManyFit(preview, PREVIEW_LENGTH)).join(SEPARATOR), PREVIEW_LENGTH),
  };
}

const SEPARATOR = ' · ';

/** At least one. */
function howManyFit(texts: readonly string[], most: number): number {
  let length = -SEPARATOR.length;
  const tooMuch = texts.findIndex((text) => {
    length += SEPARATOR.length + text.length;
    return length > most;
  });
  return Math.max(1, tooMuch === -1 ? texts.length : tooMuch);
}
