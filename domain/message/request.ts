import type { CustomHeaders } from '../mail/custom-headers.js';
import type { MessageEnvironment } from './message.js';

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
  readonly to: GivenMailbox;
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
