import type { Wording } from './wording.js';

export const fr: Wording = {
  name: 'Français',
  choose_language: 'Langue',
  this_list: 'cette liste',
  forged_title: 'Ce lien n’est pas valable',
  forged_text: 'Il a peut-être été coupé en chemin. Veuillez utiliser le lien directement dans l’e-mail.',
  trouble_title: 'Cela n’a pas fonctionné',
  trouble_text: 'Il se peut que rien n’ait été modifié. Réessayez dans quelques minutes avec le lien de l’e-mail.',
  unsubscribe_title: 'Se désabonner de {list} ?',
  unsubscribe_text: 'Vous ne recevrez plus d’e-mails de cette liste. Les autres listes ne changent pas.',
  unsubscribe_button: 'Se désabonner',
  unsubscribed_title: 'Vous êtes désabonné',
  unsubscribed_text: 'Vous ne recevez plus d’e-mails de {list}. Vous pouvez fermer cette page.',
  all_preferences: 'Tous vos abonnements',
};
