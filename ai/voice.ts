import type { Voice } from '../domain/brand/voice.js';

/** The voice as lines of a prompt; empty fields are left out. */
export function voiceLines(voice: Voice): readonly string[] {
  const { audience, tone, banned_words, locale, signature } = voice;
  return [
    ...labelled('Language and spelling', locale),
    ...labelled('Readers', audience),
    ...labelled('Tone', tone.description),
    ...tone.do.map((advice) => `Do: ${advice}`),
    ...tone.dont.map((advice) => `Do not: ${advice}`),
    ...labelled('Never use these words', banned_words.length === 0 ? null : banned_words.join(', ')),
    ...labelled('End with', signature),
  ];
}

function labelled(what: string, words: string | null): string[] {
  return words === null ? [] : [`${what}: ${words}`];
}
