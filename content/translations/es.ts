import type { Wording } from './wording.js';

export const es: Wording = {
  name: 'Español',
  choose_language: 'Idioma',
  this_list: 'esta lista',
  forged_title: 'Este enlace no es válido',
  forged_text: 'Puede que se haya cortado por el camino. Abra el enlace directamente desde el correo.',
  trouble_title: 'No ha funcionado',
  trouble_text: 'Es posible que no se haya cambiado nada. Inténtelo de nuevo en unos minutos con el enlace del correo.',
  unsubscribe_title: '¿Darse de baja de {list}?',
  unsubscribe_text: 'No recibirá más correos de esta lista. Las demás listas no cambian.',
  unsubscribe_button: 'Darse de baja',
  unsubscribed_title: 'Se ha dado de baja',
  unsubscribed_text: 'Ya no recibirá correos de {list}. Puede cerrar esta página.',
  all_preferences: 'Todas sus suscripciones',
};
