import type { Wording } from './wording.js';

export const en: Wording = {
  name: 'English',
  choose_language: 'Language',
  this_list: 'this list',
  forged_title: 'This link is not valid',
  forged_text: 'It may have been cut off on its way. Please use the link in the mail itself.',
  trouble_title: 'This did not work',
  trouble_text: 'Nothing may have been changed. Please try again in a few minutes with the link in the mail.',
  unsubscribe_title: 'Unsubscribe from {list}?',
  unsubscribe_text: 'You will get no further mails from this list. Other lists are not affected.',
  unsubscribe_button: 'Unsubscribe',
  unsubscribed_title: 'You are unsubscribed',
  unsubscribed_text: 'You get no further mails from {list}. You can close this page.',
  all_preferences: 'All your subscriptions',
};
