/** The index data of a mail. */
export interface Envelope {
  readonly from: string;
  readonly to: readonly string[];
  /** As in the header, with its encoded words. */
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
}

/** One index line: the envelope and the position of the bytes. */
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
