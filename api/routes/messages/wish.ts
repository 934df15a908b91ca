/** For whom, and under which promise, a message is accepted. */
export interface Wish {
  readonly account: number;
  /** The caller's Idempotency-Key: the same key with the same request is one message for ever. */
  readonly key?: string;
  /** Without a key: an equal mail within the hour is the one that was accepted then. */
  readonly detectRepeats: boolean | undefined;
  /** Another request under the same key is answered with what was accepted first, instead of being refused. */
  readonly firstWins?: boolean;
  /** Every header field that does no harm may be set, not only those we know. */
  readonly anyHeader?: boolean;
  /** The API key whose mails the recipients may leave; whoever has left them is not mailed. */
  readonly leavesKey?: number;
}
