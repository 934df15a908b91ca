import type { CustomHeaders } from '../mail/custom-headers.js';

/** A transactional message: one row, one recipient. cc and bcc are messages of their own in the same group. */
export const MESSAGE_STATES = ['accepted', 'sending', 'deferred', 'sent', 'failed', 'uncertain', 'cancelled'] as const;
export type MessageState = (typeof MESSAGE_STATES)[number];

/** Final states; late evidence may still settle an uncertain message. */
export const FINAL_STATES: readonly MessageState[] = ['sent', 'failed', 'uncertain', 'cancelled'];

export type MessageRole = 'to' | 'cc' | 'bcc';

export interface Mailbox {
  readonly email: string;
  readonly name: string | null;
}

/** A file of a message: its bytes are stored once for each SHA-256. */
export interface AttachmentRef {
  readonly name: string;
  readonly mime: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Set for an inline image: `cid:` in the HTML names it. */
  readonly cid: string | null;
}

/** The content of a group of messages, stored once, by hash. It contains no address of a bcc. */
export interface MessageContent {
  readonly from: Mailbox;
  readonly reply_to: Mailbox | null;
  /** Shown in the header. */
  readonly to: Mailbox;
  readonly cc: readonly Mailbox[];
  readonly subject: string;
  readonly preheader: string | null;
  readonly html: string | null;
  readonly text: string | null;
  readonly headers: CustomHeaders;
  readonly attachments: readonly AttachmentRef[];
}

/** The template from which a message was filled when it was accepted. */
export interface MessageByTemplate {
  readonly id: number;
  /** Null: the draft. */
  readonly version: number | null;
  readonly language: string;
  readonly environment: MessageEnvironment;
}

/** `draft`: the draft, for members only. `testing`: the draft, marked, for any recipient. `live`: the published version. */
export const MESSAGE_ENVIRONMENTS = ['draft', 'testing', 'live'] as const;
export type MessageEnvironment = (typeof MESSAGE_ENVIRONMENTS)[number];

/** One attempt as the timeline shows it. */
export interface MessageAttempt {
  readonly n: number;
  readonly at: string;
  readonly outcome: 'sent' | 'failed' | 'deferred' | 'uncertain';
  readonly class: string;
  readonly code: string | null;
  readonly reply: string | null;
  /** Version and id of the rule that read the reply, where one did. */
  readonly rule?: string;
  /** Time of the next attempt; ISO 8601. */
  readonly next: string | null;
}
