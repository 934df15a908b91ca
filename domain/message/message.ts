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
  /** Start and end of each link in a text that was made from the HTML; absent: the text is the caller's. */
  readonly text_links?: readonly (readonly [start: number, end: number])[];
  /** Made at acceptance for a large HTML without a text; absent: made when it is sent. */
  readonly text_part?: {
    readonly text: string;
    readonly links: readonly (readonly [start: number, end: number])[];
  };
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
type MessageEnvironment = (typeof MESSAGE_ENVIRONMENTS)[number];

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

/** `ada@example.org`, or the same with a name. */
export type GivenMailbox = string | { readonly email: string; readonly name?: string | null };

/** A file as a caller sends it. */
interface GivenAttachment {
  readonly name: string;
  readonly mime?: string;
  /** Base64 (RFC 4648 §4), with or without line breaks. */
  readonly data: string;
  /** Content-ID of an inline image. */
  readonly cid?: string;
}

/** A request to send a message, as `POST /messages` and the dialects accept it. */
export interface MessageRequest {
  /** Of several, the first gets the message and the others get copies that every recipient sees. */
  readonly to: GivenMailbox | readonly GivenMailbox[];
  readonly from?: GivenMailbox | null;
  readonly reply_to?: GivenMailbox | null;
  readonly cc?: readonly GivenMailbox[];
  readonly bcc?: readonly GivenMailbox[];
  readonly subject?: string;
  readonly preheader?: string | null;
  readonly html?: string | null;
  readonly text?: string | null;
  readonly template_id?: number;
  readonly identifier?: string;
  readonly language?: string;
  readonly environment?: MessageEnvironment;
  readonly context?: Readonly<Record<string, unknown>>;
  readonly headers?: CustomHeaders;
  readonly attachments?: readonly GivenAttachment[];
  readonly tags?: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly scheduled_at?: string | null;
  readonly expires_at?: string | null;
  readonly resend_if_uncertain?: boolean;
  readonly track?: boolean;
}

/** The id of the event that a message was accepted. A worker appends it when an attempt takes long or finds its transport down. */
export function acceptedEventId(message: string): string {
  return `message:${message}:accepted`;
}
