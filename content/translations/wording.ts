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
}
