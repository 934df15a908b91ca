import type { Voice } from '../domain/voice.js';

/** The voice as lines of a prompt; what is not said is left out. */
export function voiceLines(voice: Voice): readonly string[] {
  const { audience, tone, banned_words, locale, signature } = voice;
  return [
    ...said('Language and spelling', locale),
    ...said('Readers', audience),
    ...said('Tone', tone.description),
    ...tone.do.map((advice) => `Do: ${advice}`),
    ...tone.dont.map((advice) => `Do not: ${advice}`),
    ...said('Never use these words', banned_words.length === 0 ? null : banned_words.join(', ')),
    ...said('End with', signature),
  ];
}

function said(what: string, words: string | null): string[] {
  return words === null ? [] : [`${what}: ${words}`];
}
