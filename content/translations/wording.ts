/** Everything Everpost says to recipients; `{list}` and its like are filled in. Each language has each sentence. */
export interface Wording {
  /** The language's name for itself. */
  readonly name: string;
  readonly choose_language: string;
  /** In place of the name of a list that is gone. */
  readonly this_list: string;
  readonly forged_title: string;
  readonly forged_text: string;
  readonly trouble_title: string;
  readonly trouble_text: string;
  readonly unsubscribe_title: string;
  readonly unsubscribe_text: string;
  readonly unsubscribe_button: string;
  readonly unsubscribed_title: string;
  readonly unsubscribed_text: string;
  readonly all_preferences: string;
  readonly gone_title: string;
  readonly gone_text: string;
  readonly preferences_title: string;
  readonly preferences_text: string;
  readonly preferences_none: string;
  readonly unsubscribe_from: string;
  readonly unsubscribe_all: string;
  readonly left_one: string;
  readonly left_all: string;
  readonly your_name: string;
  readonly first_name: string;
  readonly last_name: string;
  readonly save: string;
  readonly name_saved: string;
  readonly not_understood: string;
  readonly confirm_subject: string;
  readonly reminder_subject: string;
  readonly confirm_mail: string;
  readonly confirm_button: string;
  readonly confirm_or_else: string;
  readonly confirm_title: string;
  readonly confirm_text: string;
  readonly confirmed_title: string;
  readonly confirmed_text: string;
  readonly over_title: string;
  readonly over_text: string;
  readonly signup_title: string;
  readonly signup_text: string;
  readonly email_address: string;
  readonly optional: string;
  readonly signup_button: string;
  readonly leave_empty: string;
  readonly bad_address: string;
  readonly asked_title: string;
  readonly asked_text: string;
  readonly no_signup_title: string;
  readonly no_signup_text: string;
  readonly too_often_title: string;
  readonly too_often_text: string;
}
