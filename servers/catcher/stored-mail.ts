/** What is known of a mail without opening it. */
export interface Envelope {
  readonly from: string;
  readonly to: readonly string[];
  /** As it stands in the header, encoded words and all. */
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
}

/** One line of the directory: the envelope and where the bytes lie. */
export interface Entry extends Envelope {
  readonly segment: number;
  readonly offset: number;
  readonly size: number;
}

export interface StoredMail extends Entry {
  readonly id: number;
}

export interface MailPage {
  readonly total: number;
  /** Newest first. */
  readonly mails: readonly StoredMail[];
}
