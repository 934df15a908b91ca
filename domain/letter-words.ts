/** The few words that Everpost itself writes into mails. */
export interface LetterWords {
  readonly unsubscribe: string;
  readonly preferences: string;
  readonly view: string;
  readonly website: string;
}

const WORDS: Readonly<Record<string, LetterWords>> = {
  en: { unsubscribe: 'Unsubscribe', preferences: 'Preferences', view: 'View in browser', website: 'Website' },
  pt: { unsubscribe: 'Cancelar inscrição', preferences: 'Preferências', view: 'Ver no navegador', website: 'Site' },
  de: { unsubscribe: 'Abmelden', preferences: 'Einstellungen', view: 'Im Browser ansehen', website: 'Website' },
  es: { unsubscribe: 'Darse de baja', preferences: 'Preferencias', view: 'Ver en el navegador', website: 'Sitio web' },
  fr: {
    unsubscribe: 'Se désabonner',
    preferences: 'Préférences',
    view: 'Voir dans le navigateur',
    website: 'Site web',
  },
};

const ENGLISH: LetterWords = {
  unsubscribe: 'Unsubscribe',
  preferences: 'Preferences',
  view: 'View in browser',
  website: 'Website',
};

/** Of `pt-BR`, the words of `pt`; English where there are none. */
export function letterWords(language: string): LetterWords {
  return WORDS[language.toLowerCase().split(/[-_]/)[0] ?? ''] ?? ENGLISH;
}
