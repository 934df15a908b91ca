import { noMailbox, PERMANENT_CODES, type RefusalRule, softBounce } from './rule.js';

/**
 * How the large providers and the common servers say that a mailbox does not exist, also under a code that says
 * something else. Collected from their public postmaster pages and documentation.
 */
const PHRASES: readonly RegExp[] = [
  // Outlook.com, GMX, WEB.DE, mail.com: RFC 5321's text of 550 and 552, with a reason of their own.
  /\brequested (?:mail )?action (?:not taken|aborted)\b.{0,10}\bmailbox (?:unavailable|not found)\b/i,
  /\bmailbox unavailable\b.{0,30}\(S\d{4,}\)/i,
  // Exim
  /\bunrout(?:e)?able (?:mail )?(?:address|recipient|domain)\b/i,
  // Gmail
  /\be?-?mail account that you tried to reach does not exist\b/i,
  /\bnosuchuser\b/i,
  // Yahoo, AOL
  /\b(?:this user|account)\b.{0,20}\bdoesn't have an? \S+ account\b|\bnot a valid recipient\b/i,
  // Yandex, Zoho, Mail.ru
  /(?:^|\s)no such user!/i,
  /\binvalid mailbox\b.{0,60}\b(?:user not found|unavailable)\b/i,
  // Exchange
  /\bresolver\.adr\.(?:ex)?recip(?:ient)?notfound\b|\brecipient ?not ?found\b|\bunknown recipient or mailbox unavailable\b/i,
  // Domino, GroupWise
  /\bnot listed in (?:the )?(?:public )?(?:domino directory|name & address book|name and address book|directory)\b/i,
  // qmail, Postfix
  /\bno mailbox here by that name\b|\bnot in (?:my |our |the )?validrcptto\b|\buser unknown in (?:local|virtual|relay)\b/i,
  // Orange, Free, La Poste
  /\badresse .{0,30}\b(?:destinataire|invalide)\b.{0,20}\binvalide?\b|\binvalid recipients?\b.{0,20}\bOFR/i,
  // Proton, Apple, Tencent, NetEase
  /\baddress does not exist\b|\bmailbox unavailable or access denied\b|\buser not found: …/i,
];

/** Postfix says the same of a policy, with 5.7.1; Exchange Online blocks unknown recipients at its edge with 5.4.1. */
const EDGE_BLOCKING: RefusalRule = {
  id: 'unknown-user-edge',
  class: 'invalid_recipient',
  ...noMailbox,
  codes: PERMANENT_CODES,
  status: /^4\.1$/,
  text: /\brecipient address(?:es)? rejected ?: access denied\b/i,
};

/** au (KDDI) leaves the address out if the recipient refuses the sender; with the address, the mailbox does not exist. */
const UNNAMED_USER: RefusalRule = {
  id: 'unnamed-user',
  class: 'recipient_filtered',
  ...softBounce,
  codes: PERMANENT_CODES,
  unlessStatus: /^1\.1$/,
  text: /(?:^|\b5\d\d:? ?|\b5\.\d{1,3}\.\d{1,3} ?): user unknown\b/i,
};

/** Phrases of unknown users; the text of a sender or a policy has been ruled out before. */
export const UNKNOWN_USER_RULES: readonly RefusalRule[] = [
  UNNAMED_USER,
  EDGE_BLOCKING,
  ...PHRASES.map((text, n) => ({
    id: `unknown-user-${n + 1}`,
    class: 'invalid_recipient',
    ...noMailbox,
    codes: PERMANENT_CODES,
    text,
  })),
];
