/** The tone of an account's mails. It is data: every prompt contains it, and code enforces what code can check. */
export interface Voice {
  /** The readers of the mails. */
  readonly audience: string | null;
  readonly tone: {
    readonly description: string | null;
    readonly do: readonly string[];
    readonly dont: readonly string[];
  };
  /** Words and phrases that a draft must not contain. */
  readonly banned_words: readonly string[];
  /** BCP 47: language and spelling, such as `en-GB`. */
  readonly locale: string | null;
  /** Sample mails with the right tone. */
  readonly samples: readonly string[];
  /** `given`: links of the request, its prompt and `links`; `none`: a draft has no links. */
  readonly link_policy: 'given' | 'none';
  /** Links that every draft may use. */
  readonly links: readonly { readonly label: string; readonly url: string }[];
  /** The closing of a mail. */
  readonly signature: string | null;
}

export const LINK_POLICIES = ['given', 'none'] as const;

/** The voice of an account without settings. */
export const NO_VOICE: Voice = {
  audience: null,
  tone: { description: null, do: [], dont: [] },
  banned_words: [],
  locale: null,
  samples: [],
  link_policy: 'given',
  links: [],
  signature: null,
};

/** The banned words in a text: whole words, in any case. */
export function bannedIn(text: string, banned: readonly string[]): readonly string[] {
  const spacedText = spaced(text);
  return banned.filter((word) => spaced(word) !== ' ' && spacedText.includes(spaced(word)));
}

/** Words with one blank around each; every other character separates words. */
function spaced(text: string): string {
  const words =
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return ` ${words.join(' ')}${words.length > 0 ? ' ' : ''}`;
}
