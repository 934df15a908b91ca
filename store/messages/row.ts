import { now } from '../../clock.js';
import type {
  Mailbox,
  MessageAttempt,
  MessageByTemplate,
  MessageRole,
  MessageState,
} from '../../domain/message/message.js';
import { firstSweepAt, NEVER_SEEN } from '../mongo/lease.js';

/** One transactional message to one recipient; docs/architecture/protocol.md "Messages". */
export interface Message {
  /** UUID v7. */
  readonly _id: string;
  /** A second id, an integer, for webhook formats that need one. */
  readonly number: number;
  readonly account: number;
  /** The primary message's id; the group shares one content. */
  readonly group: string;
  readonly role: MessageRole;
  readonly to: Mailbox;
  /** Identity of the address, as in suppressions. */
  readonly to_key: string;
  readonly from_domain: string;
  /** Hash under which the content is stored; absent where the row has it as `body`. */
  readonly content?: string;
  /** The content as JSON, which the database must not interpret: the caller chose its field names. */
  readonly body?: string;
  /** Bytes of a stored content and its files; absent where the row has a `body`. */
  readonly content_bytes?: number;
  readonly subject: string;
  readonly template?: MessageByTemplate;
  /** Shown to the caller, such as missing variables. */
  readonly warning?: string;
  readonly tags: readonly string[];
  /** The month it counts for, if its account had no limit when it was accepted: nothing is reserved, the row is counted. */
  readonly counts_for?: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly track: boolean;
  readonly resend_if_uncertain: boolean;
  /** The API key it was sent with, if recipients can opt out of the mails of that key. */
  readonly leaves_key?: number;
  /** Suppression ids of other persons named in the mail; an erasure finds the message by them. */
  readonly about?: string;
  /** Only the primary message of a request with an Idempotency-Key has it; unique with the account. */
  readonly key?: string;
  /** SHA-256 of the request, for the same key with another body, and for repeat detection. */
  readonly hash: string;
  /** The trace of the request, in the form of the W3C's `traceparent`; absent where traces are off. */
  readonly traceparent?: string;
  readonly state: MessageState;
  readonly attempt: number;
  readonly attempts: readonly MessageAttempt[];
  /** The token of the running or the uncertain attempt; late evidence from its owner contains it. */
  readonly token: string | null;
  readonly seen: Date;
  /** No attempt before this time: scheduled or deferred. */
  readonly due: Date;
  /** The sending time that the caller requested; `due` moves with each attempt. */
  readonly scheduled_at?: Date;
  readonly expires_at: Date;
  /** The one re-send of an uncertain attempt has happened. */
  readonly resent: boolean;
  readonly created_at: Date;
  readonly updated_at: Date;
  /** Id of the workflow that carries it, alone or with others; absent until its start is acknowledged. */
  readonly run?: string | null;
  /** `attempt` when the sweep last found that workflow open; the same number twice: the workflow does nothing with it. */
  readonly attempt_when_open?: number;
  /** When the sweep checks this row; null once it is final and its events are published. */
  readonly sweep_at: Date | null;
}

const DEFAULTS = { tags: [], metadata: {}, track: false, resend_if_uncertain: false };

function initialState(at: Date, due: Date) {
  return {
    state: 'accepted',
    attempt: 0,
    attempts: [],
    token: null,
    seen: NEVER_SEEN,
    due,
    resent: false,
    created_at: at,
    updated_at: at,
    sweep_at: new Date(Math.max(due.getTime(), firstSweepAt(at).getTime())),
  } satisfies Partial<Message>;
}

/** The fields of a message that are set before it is accepted. */
export type NewMessage = Omit<Message, keyof ReturnType<typeof initialState> | keyof typeof DEFAULTS> &
  Partial<Pick<Message, keyof typeof DEFAULTS>>;

/** The row of a message at the moment it is accepted. */
export function newMessageRow(decided: NewMessage): Message {
  const at = now();
  return { ...DEFAULTS, ...decided, ...initialState(at, decided.scheduled_at ?? at) };
}

/** The row of a message that a lost database may have sent; see docs/architecture/protocol.md "After a restore". */
export function doubtfulMessageRow(decided: NewMessage): Message {
  const row = newMessageRow(decided);
  const { _id, created_at } = row;
  const attempt = { n: 1, at: created_at.toISOString(), outcome: 'uncertain', class: 'restored' } as const;
  return {
    ...row,
    state: 'uncertain',
    attempts: [{ ...attempt, code: null, reply: null, next: null }],
    token: `restored:${_id}`,
    sweep_at: created_at,
  };
}

/** The row as it was when the message was accepted. */
export function asAccepted(row: Message): Message {
  return { ...row, ...initialState(row.created_at, row.scheduled_at ?? row.created_at) };
}
