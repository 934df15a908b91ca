import type { ConnectionTrouble, Fate, Outcome, RefusalScope, SmtpReply } from './outcome.js';
import { REFUSAL_RULES, REFUSAL_RULES_VERSION } from './refusal-rules.js';
import type { RefusalRule } from './refusals/rule.js';
import { scrubbed, shortReply } from './scrub.js';

export type ExceptionFate = Exclude<Fate, { readonly kind: 'sent' }>;

/** What the outcome of one hand-over means for its recipient. */
export function fateOf(outcome: Outcome): Fate {
  switch (outcome.kind) {
    case 'accepted':
      return { kind: 'sent', reply: replyLine(outcome.reply) };
    case 'refused':
      return fateOfRefusal(outcome.reply);
    case 'not_handed_over':
      return fateOfTrouble('deferred', troubleClass(outcome.why), outcome.why);
    case 'uncertain':
      return fateOfTrouble('uncertain', 'unknown_outcome', outcome.why);
  }
}

/** A 4xx is always tried again, also after the dot; a 5xx is final unless its rule says `retry`. */
export function fateOfRefusal(reply: SmtpReply): ExceptionFate {
  const text = scrubbed(reply.text);
  const status = enhancedStatus(reply.code, text);
  const isAfterRcpt = reply.isAfterRcpt === true || AFTER_RCPT.test(text);
  const read: ReadReply = { code: reply.code, subject: status?.slice(2) ?? '', text, isAfterRcpt };
  const rule = REFUSAL_RULES.find((candidate) => matches(candidate, read));
  const temporary = reply.code < 500;
  return {
    kind: temporary || rule?.means === 'retry' ? 'deferred' : 'failed',
    class: rule?.class ?? (temporary ? 'transient' : 'unrecognised'),
    scope: scopeOf(rule, temporary),
    code: status ?? String(reply.code),
    reply: replyLine(reply),
    ...(rule && { rule: `${REFUSAL_RULES_VERSION}:${rule.id}` }),
  };
}

/** A temporary "no such mailbox" does not concern the address. */
function scopeOf(rule: RefusalRule | undefined, temporary: boolean): RefusalScope {
  if (rule === undefined) return temporary ? 'session' : 'message';
  return temporary && rule.means === 'suppress' ? 'message' : rule.scope;
}

/** How reports name the stage of the refusal. */
const AFTER_RCPT = /\b(?:end of data|after data|data command)\b/i;

interface ReadReply {
  readonly code: number;
  /** The enhanced status without its first digit; empty if there is none. */
  readonly subject: string;
  /** Addresses scrubbed. */
  readonly text: string;
  readonly isAfterRcpt: boolean;
}

function matches(rule: RefusalRule, { code, subject, text, isAfterRcpt }: ReadReply): boolean {
  if (rule.codes !== undefined && !rule.codes.includes(code)) return false;
  if (rule.afterRcpt === true && !isAfterRcpt) return false;
  if (rule.status !== undefined && !rule.status.test(subject)) return false;
  if (rule.unlessStatus?.test(subject) === true) return false;
  if (rule.unlessText?.test(text) === true) return false;
  return rule.text === undefined || rule.text.test(text);
}

/** The first RFC 3463 status in the text that agrees with the basic code. */
function enhancedStatus(code: number, text: string): string | undefined {
  const found = text.match(/(?<![\w.])[45]\.\d{1,3}\.\d{1,3}(?![\w.]\d|\d)/g) ?? [];
  return found.find((status) => status.startsWith(String(code).charAt(0)));
}

function fateOfTrouble(kind: 'deferred' | 'uncertain', name: string, why: ConnectionTrouble): ExceptionFate {
  return { kind, class: name, scope: 'infrastructure', code: null, reply: shortReply(`${why.stage}: ${why.what}`) };
}

function troubleClass({ what }: ConnectionTrouble): string {
  if (/\b(?:EAUTH|ENOAUTH|EOAUTH2)\b/.test(what)) return 'submission_auth';
  return /\b(?:ETLS|EREQUIRETLS)\b/.test(what) ? 'tls' : 'connection_lost';
}

function replyLine({ code, text }: SmtpReply): string {
  return shortReply(`${code} ${text}`);
}
