import type { Wording } from './wording.js';

export const pt: Wording = {
  name: 'Português',
  choose_language: 'Idioma',
  this_list: 'esta lista',
  forged_title: 'Este link não é válido',
  forged_text: 'Talvez ele tenha sido cortado no caminho. Use o link diretamente no e-mail.',
  trouble_title: 'Não deu certo',
  trouble_text: 'É possível que nada tenha sido alterado. Tente de novo em alguns minutos com o link do e-mail.',
  unsubscribe_title: 'Cancelar a inscrição em {list}?',
  unsubscribe_text: 'Você não receberá mais e-mails desta lista. As outras listas não mudam.',
  unsubscribe_button: 'Cancelar inscrição',
  unsubscribed_title: 'Inscrição cancelada',
  unsubscribed_text: 'Você não recebe mais e-mails de {list}. Pode fechar esta página.',
  all_preferences: 'Todas as suas inscrições',
};
