import { infrastructure, message, type RefusalRule, sender } from './rule.js';

const BLOCKLISTS =
  /\b(?:spamhaus|(?<!ess\.)barracuda(?:central|networks)?|spamcop|sorbs|uceprotect|abuseat|invaluement|surriel|senderbase|proofpoint dynamic reputation)\b|\b(?:rbl|dnsbl|blocklist(?:ed)?|blacklist(?:ed)?|block list|black list(?:ed)?|denylist(?:ed)?)\b/i;
const LISTED_HERE =
  /\b(?:your|client|sending|remote) (?:ip|host|server|network|address)\b.{0,60}\b(?:listed|blocked|banned|reputation|rejected|not (?:allowed|authori[sz]ed|permitted|accepted))\b|\bdynamic ip\b|\breverse lookup\b|\b(?:helo|ehlo)\b.{0,30}\b(?:rejected|refused|invalid|resolve)|\breputation\b|\bconnection (?:refused|rejected|blocked) .{0,30}\bip\b|\breverse dns\b|\bptr record\b|\bno (?:ptr|rdns)\b|\brdns\b/i;
const RELAY =
  /\brelay(?:ing)?\b.{0,30}\b(?:denied|not permitted|not allowed|prohibited)\b|\bunable to relay\b|\bauthentication required\b|\bmust authenticate\b/i;
const ABOUT_THE_SENDER =
  /(?<!\b(?:to|inform|notify|tell|contact) (?:the )?)\bsender\b|\b(?:your domain|from address|return[- ]path|envelope from|mail from|originator)\b/i;
const UNAUTHENTICATED = /\b(?:dmarc|dkim|spf|unauthenticated)\b/i;
const UNWANTED =
  /(?<![\w.-])(?:quarantined|as bulk|attachments? .{0,30}(?:not|forbidden|refused|rejected|denied)|(?:anti-?)?spam|spamming|virus(?:es)?|malware|phish\w*|content (?:rejected|filter\w*)|unacceptable content|unsolicited|bulk mail|junk)(?![\w-]*\.\w)/i;
/** Words of a URL or host are no phrase of the server. */
const POLICY =
  /(?<![\w./=&?-])(?:polic(?:y|ies)|prohibited|recipient preferences|restricted|members? only|moderated|whitelist\w*|allow-?list|complaints?|blocked)(?![\w-]*[./]\w)|\bnot (?:authori[sz]ed|permitted|allowed) to (?:send|post|mail|deliver)\b|\bonly (?:accepts?|members|subscribers|authenticated)\b|\baccepts? .{0,30}\bonly\b|\bexternal (?:senders?|mail)\b|\b(?:refused|rejected|blocked|declined) by (?:the )?(?:recipient|user|owner|filter)|\brecipient's filter\b|\b(?:tls|starttls|encryption|challenge)\b.{0,20}\b(?:required|needed|mandatory)\b|\bnot authori[sz]ed\b/i;

/** Phrases about the connection, the sender and the content. */
export const POLICY_RULES: readonly RefusalRule[] = [
  // RFC 7505 §4.2 is about the domain of the sender; several servers use the status for the domain of the recipient.
  {
    id: 'recipient-null-mx',
    class: 'bad_domain',
    scope: 'domain',
    means: 'fail',
    status: /^7\.27$/,
    text: /\b(?:recipient|destination|addressee|rcpt)\b.{0,60}\b(?:null ?mx|no mail|mx)\b|\b(?:null ?mx|no mail)\b.{0,40}\b(?:recipient|destination)\b|\b(?:domain|host|system)\b.{0,20}\b(?:does not|doesn't) accept (?:e?-?mail|mail)\b/i,
    unlessText: /\bsender\b/i,
  },
  // 5.7.27 has two meanings: a text that does not mention authentication is IANA's null MX of the sender.
  {
    id: 'sender-null-mx',
    class: 'invalid_sender',
    ...sender,
    codes: [550, 551, 553, 554, 556],
    status: /^7\.27$/,
    unlessText: /\b(?:dmarc|dkim|spf|authenticat\w*|unauthenticated)\b/i,
  },
  { id: 'auth-status', class: 'auth_failure', ...sender, status: /^7\.(?:2[0-79]|3[0-2]|515)$/ },
  { id: 'blocklist', class: 'ip_blocked', ...infrastructure, text: BLOCKLISTS },
  { id: 'host-listed', class: 'ip_blocked', ...infrastructure, text: LISTED_HERE },
  { id: 'host-listed-status', class: 'ip_blocked', ...infrastructure, status: /^7\.(?:6[0-4]\d|606|511|512)$/ },
  { id: 'relay-denied', class: 'relay_denied', ...infrastructure, text: RELAY },
  { id: 'auth-text', class: 'auth_failure', ...sender, text: UNAUTHENTICATED },
  { id: 'sender-status', class: 'invalid_sender', ...sender, status: /^1\.[78]$/ },
  // A 5.7.1 that mentions the sender is the policy of one recipient or domain; it does not concern the sender
  // elsewhere.
  { id: 'sender-text', class: 'invalid_sender', ...sender, unlessStatus: /^7\./, text: ABOUT_THE_SENDER },
  { id: 'content-text', class: 'content_rejected', ...message, text: UNWANTED },
  {
    id: 'too-large-text',
    class: 'too_large',
    ...message,
    text: /\b(?:message|mail) size (?:limit )?exceed|\b(?:message|mail|size)\b.{0,30}\b(?:too (?:large|big|long)|exceeds .{0,30}(?:size|limit|maximum))\b/i,
  },
  { id: 'policy-text', class: 'policy', ...sender, unlessStatus: /^(?:1\.2|2\.[23]|3\.4|6\.)/, text: POLICY },
];
