import type { Outcome } from '../../domain/delivery/outcome.js';
import type { SplicedMail } from '../letter/letter.js';

/** Whose mail it is: where mails wait for the connections of a transport, accounts take turns, then campaigns. */
export interface Share {
  readonly account: number;
  /** 0: mail of no campaign. */
  readonly campaign: number;
}

/** What a transport asks the owner of the claim while it hands over a mail. */
export interface HandOverOrder {
  /**
   * Called before the first byte of the envelope, before the body, before the final dot of a long body, and while the
   * socket has not taken the dot.
   */
  mayBegin(): boolean;
  /** Once aborted, no mail begins that has not begun. */
  readonly signal: AbortSignal;
  /** The transport whose rate the claim has paid; another transport is paid when the mail is sent with it. */
  readonly paid?: string | undefined;
  /** None: the installation's own mail. */
  readonly share?: Share | undefined;
}

/** A mail on its way through the connections of one transport. */
export interface QueuedMail {
  readonly mail: SplicedMail;
  readonly order: HandOverOrder;
  /** Called once. Must not throw. */
  readonly settled: (outcome: Outcome) => void;
  /** Connections of its own that failed before its body. */
  tries: number;
  /** How often it was given back through no fault of its own. */
  returns: number;
  /** Only a connection that has carried no mail may take it. */
  fresh: boolean;
}

/** Connections of its own that may fail before the body of a mail. */
export const MOST_TRIES = 2;

export function isAllowed({ signal, mayBegin }: HandOverOrder): boolean {
  return !signal.aborted && mayBegin();
}

export const NOT_BEGUN: Outcome = {
  kind: 'not_handed_over',
  why: { stage: 'envelope', what: 'not allowed to begin' },
  untried: true,
};

/** Bytes of the mail, without the final dot. */
export function sizeOf({ chunks }: Pick<SplicedMail, 'chunks'>): number {
  let size = 0;
  for (const chunk of chunks) size += chunk.length;
  return size;
}
