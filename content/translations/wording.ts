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
}
