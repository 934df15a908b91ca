/** Where in the dialogue a script is asked; `body` is the first chunk of a mail, `dot` its end. */
export type Step = 'connect' | 'ehlo' | 'auth' | 'mail' | 'rcpt' | 'data' | 'body' | 'dot' | 'rset' | 'quit';

/** What the server does instead of the usual: a reply, a broken connection, or never a word. */
export type Act = string | 'drop' | 'silence' | undefined;

export interface ReceivedMail {
  readonly messageId: string;
  readonly from: string;
  readonly to: readonly string[];
  /** Undefined where the server does not keep bytes. */
  readonly raw: Buffer | undefined;
}

export interface SmtpScript {
  /** Called at each step; `nth` counts the steps of that kind on the whole server, from 1. */
  readonly on?: (step: Step, argument: string, nth: number) => Act | Promise<Act>;
  /** A reply instead of 250, by recipient. */
  readonly onRcpt?: (address: string) => string | undefined;
  /** A reply instead of 250 after the dot; a mail it answers with 4xx or 5xx is not accepted. */
  readonly onData?: (mail: ReceivedMail) => string | undefined;
  /** Extensions offered in EHLO (PIPELINING). */
  readonly extensions?: readonly string[];
  readonly keepRaw?: boolean;
  readonly port?: number;
}

/** What the conversations of one server share. */
export interface ServerState {
  readonly script: SmtpScript;
  readonly accepted: ReceivedMail[];
  readonly steps: Record<Step, number>;
  held: Promise<void> | undefined;
  changed: () => void;
}
