import type { Wording } from './wording.js';

export const de: Wording = {
  name: 'Deutsch',
  choose_language: 'Sprache',
  this_list: 'dieser Liste',
  forged_title: 'Dieser Link ist ungültig',
  forged_text: 'Vielleicht wurde er unterwegs abgeschnitten. Bitte öffnen Sie den Link direkt aus der E-Mail.',
  trouble_title: 'Das hat nicht geklappt',
  trouble_text: 'Möglicherweise wurde nichts geändert. Bitte versuchen Sie es in einigen Minuten noch einmal über den Link in der E-Mail.',
  unsubscribe_title: '{list} abbestellen?',
  unsubscribe_text: 'Sie erhalten dann keine E-Mails mehr von dieser Liste. Andere Listen bleiben unverändert.',
  unsubscribe_button: 'Abbestellen',
  unsubscribed_title: 'Sie sind abgemeldet',
  unsubscribed_text: 'Sie erhalten keine E-Mails mehr von {list}. Sie können diese Seite schließen.',
  all_preferences: 'Alle Ihre Abonnements',
};
