/** How an account wants to sound. Data: it goes into every prompt, and what can be checked by code is checked by code. */
export interface Voice {
  /** Who reads the mails. */
  readonly audience: string | null;
  readonly tone: {
    readonly description: string | null;
    readonly do: readonly string[];
    readonly dont: readonly string[];
  };
  /** Words and phrases that never stand in a draft. */
  readonly banned_words: readonly string[];
  /** BCP 47: language and spelling, such as `en-GB`. */
  readonly locale: string | null;
  /** Mails that sounded right. */
  readonly samples: readonly string[];
  /** `given`: links of the request, its prompt and the ones below; `none`: a draft has no links. */
  readonly link_policy: 'given' | 'none';
  /** Links that every draft may use. */
  readonly links: readonly { readonly label: string; readonly url: string }[];
  /** How a mail ends. */
  readonly signature: string | null;
}

export const LINK_POLICIES = ['given', 'none'] as const;

/** Of an account that has said nothing. */
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

/** The banned words that stand in a text: whole words, whatever their case. */
export function bannedIn(text: string, banned: readonly string[]): readonly string[] {
  const spacedText = spaced(text);
  return banned.filter((word) => spaced(word) !== ' ' && spacedText.includes(spaced(word)));
}

/** Words with one blank around each; what is neither letter nor digit parts words. */
function spaced(text: string): string {
  const words =
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return ` ${words.join(' ')}${words.length > 0 ? ' ' : ''}`;
}
