import { infrastructure, PERMANENT_CODES, passing, type RefusalRule, session, softBounce } from './rule.js';

/** A word of the mailbox: its quota is the recipient's. */
const MAILBOX = String.raw`(?:mail ?box\w*|inbox\w*|mail ?drop|user\w*|recipient\w*|addressee|…>?)`;
const FULL = new RegExp(
  String.raw`\bover ?quota\b|\btoo many messages (?:in|on) (?:the |this |your )?(?:mailbox|server|folder|inbox)` +
    String.raw`|${MAILBOX}.{0,60}\b(?:quota|full|storage|out of space|size limit)\b` +
    String.raw`|\b(?:quota|storage|space)\b.{0,30}\b(?:for|of|in) (?:the |this |that |your )?${MAILBOX}` +
    String.raw`|${MAILBOX}.{0,30}\bexceeds (?:the |its )?allowed size\b|\bexceeded (?:the |its )?local limit\b|\bexceeded storage allocation\b|\b(?:disk|mail(?:box|dir)?|user|account) quota\b|\bmailfolder is full\b` +
    String.raw`|\b(?:mail ?box|inbox)\b.{0,40}\bexceeded (?:the|its) .{0,20}limit\b`,
  'i',
);
/** The same in other languages; letters of other scripts have no word boundary. */
const FULL_ELSEWHERE = new RegExp(
  String.raw`\b(?:postfach|briefkasten|mailbox|speicher\w*|kontingent)\b.{0,40}\b(?:voll|überfüllt|überschritten|erschöpft|vol)\b|\bspeicher\w*.{0,20}überschritten` +
    String.raw`|\bbo[iî]tes?\b.{0,40}\b(?:pleine|satur)|\bquota\b.{0,20}\bd[eé]pass` +
    String.raw`|\b(?:buz[oó]n|casilla|cuota)\b.{0,30}\b(?:llen[oa]|excedid[oa]|superad[oa])|\bcasella\b.{0,30}\bpiena|\bcaixa\b.{0,30}\bcheia` +
    `|\\b(?:postvak|postbus)\\b.{0,30}\\bvol\\b|\\bskrzynk.{0,30}(?:pełna|przepełni)|(?:ящик|квота).{0,30}(?:переполнен|заполнен|превышен)` +
    `|(?:邮箱|信箱|空间|邮件箱).{0,10}(?:已满|满|不足)|(?:メールボックス|容量).{0,20}(?:いっぱい|一杯|超過|超え)`,
  'i',
);
/** The quota of the sender, or of the server, per period or per plan. */
const OUR_QUOTA = new RegExp(
  String.raw`\b(?:hourly|daily|weekly|monthly|sending|outgoing|outbound|submission|relay|plan|trial|message|e?-?mails?|smtp)\b` +
    String.raw`.{0,30}\b(?:quota|allowance|credits?)\b` +
    String.raw`|\b(?:hourly|daily|weekly|monthly|sending|outgoing|outbound) .{0,30}\blimits?\b` +
    String.raw`|\b(?:quota|allowance|limit)s?\b.{0,40}\b(?:per|this|each|for the|for|next|in (?:the )?last) (?:1 |24 )?(?:hour|day|today|week|month)` +
    String.raw`|\b(?:exceed\w*|reached|used up|hit)\b.{0,25}\b(?:your|the) .{0,30}(?:quota|allowance|sending|outgoing|plan)\b` +
    String.raw`|\bout of (?:sending )?credits?\b`,
  'i',
);
const BARE_QUOTA = /\bquota\b.{0,20}\b(?:exceed\w*|reached|used up|exhausted|full)\b|\bexceed\w*\b.{0,20}\bquota\b/i;
const SYSTEM_FULL =
  /\b(?:insufficient|not enough|no|out of|low on)(?: free| system| disk| queue| local| server| available)* (?:storage|disk|space|resources|memory|diskspace)\b|\b(?:disk|mail system|spool|queue|file ?system) (?:is )?full\b|\bspace left on device\b/i;

/** How fast the mailbox itself may receive: Gmail, Exchange Online. */
const RECIPIENT_RATE =
  /\breceiv(?:e|ed|ing) (?:e?-?mail|messages?|limit)?.{0,30}\b(?:rate|too (?:fast|quickly|often|many)|limit|exceed\w*)\b|\bmailbox\b.{0,40}\btoo (?:fast|quickly|busy)\b/i;
const TOO_FAST = new RegExp(
  String.raw`\btoo many (?:(?:invalid|unknown|bad) (?:recipients|addresses|users)|(?:\w+ )?(?:messages|connections|e?-?mails|sessions|requests|recipients (?:this|in|per|within|for)|transactions|commands|errors))\b` +
    String.raw`|\brate[- ]?(?:limit|control|exceed|of )|\b(?:sending|message|mail|connection|recipient|maximum|unusual|high) rate\b` +
    String.raw`|\bthrottl|\bslow(?:ing)? down\b|\b(?:too|so) (?:fast|quickly|frequently)\b|\bmail flood|\bflooding\b` +
    String.raw`|\b(?:maximum|max|concurren\w+) .{0,20}\b(?:connections|sessions)\b` +
    String.raw`|\b(?:messages?|mails?|e-?mails|connections?|recipients?)\b.{0,30}\b(?:per|this|an|each) (?:second|minute|hour|day)\b` +
    String.raw`|\b(?:sent|sending|send)\b.{0,30}\b(?:too (?:many|much)|limit)\b|\bTSS?\d\d\b|\bunusual(?:ly)? .{0,20}(?:volume|traffic|amount)\b`,
  'i',
);

const SWITCHED_OFF =
  /\b(?:account|mail ?box|user|recipient|address)\b.{0,40}\b(?:disabled|suspended|inactive|locked|deactivated|on hold|not active(?:ated)?)\b|\baccount\b.{0,20}\bexpired\b|\bexpired account\b|\b(?:disabled|suspended|inactive|locked|deactivated) (?:e-?mail )?(?:user|account|mail ?box|recipient|address)\b/i;
/** Accounts that are switched off, in other languages. */
const SWITCHED_OFF_ELSEWHERE = new RegExp(
  String.raw`\b(?:konto|postfach|benutzer)\b.{0,40}\b(?:gesperrt|deaktiviert|stillgelegt)\b|\b(?:compte|bo[iî]te)\b.{0,40}\b(?:d[eé]sactiv|suspendu|bloqu|clôtur)` +
    String.raw`|\b(?:cuenta|buz[oó]n)\b.{0,40}\b(?:desactivad|deshabilitad|suspendid|bloquead)|\b(?:account|casella)\b.{0,40}\b(?:disattivat|disabilitat|sospes)|\bconta\b.{0,40}\b(?:desativad|suspens|bloquead)` +
    `|\\bkonto\\b.{0,40}(?:zablokowan|wyłączon|zawieszon)|(?:ящик|аккаунт|учетная запись|пользователь).{0,30}(?:заблокирован|отключ[её]н|приостановлен)|(?:帐号|账号|邮箱|用户).{0,10}(?:停用|禁用|冻结|锁定)`,
  'i',
);
const LATER_ELSEWHERE =
  /\bsp[aä]ter\b|\berneut versuchen\b|\bvorübergehend\b|\br[eé]essay|\bult[eé]rieurement\b|\bplus tard\b|\btemporaire(?:ment)?\b|\bm[aá]s tarde\b|\btemporalmente\b|\bpi[uù] tardi\b|\btemporaneamente\b|\bmais tarde\b|\btemporariamente\b|\blater opnieuw\b|\btijdelijk\b|\btymczasowo\b|później|позже|позднее|временно|稍后|暂时|一時的|しばらく/i;
/** The server could not find out whether the mailbox exists: Postfix's address verification, and others. */
const UNVERIFIED =
  /\bunverified address\b|\b(?:unable to|could ?n[o']t(?: be)?|can(?:no|')t(?: be)?) (?:be )?verif(?:y|ied)\b|\bverification (?:is )?(?:in progress|pending|deferred)\b|\bundeliverable address: (?:connect|connection|network)\b|\b(?:could ?n[o']t|can(?:no|')t|unable to|failed to) connect\b|\btimed? ?-?out\b|\bmail ?box (?:is )?busy\b/i;
const TIME =
  /\btemporar(?:y|ily)\b|\btransient\b|\b(?:try|retry|retried|come back|send|resend)\b.{0,30}\b(?:again|later)\b|\bagain later\b|\bnot available (?:at this time|right now|now)\b|\bat this time\b/i;
const SERVER_IN_TROUBLE =
  /\b(?:ldap|directory|database|backend|back-?end|lookup|callout|verification|servers?|services?|system|storage|internal)\b.{0,40}\b(?:down|unavailable|not available|off-?line|unreachable|timed? ?out|time-?out|failed|failure|errors?|busy|overload\w*|maintenance|not respond\w*)\b|\bout of memory\b|\bmaintenance\b|\b(?:could ?n[o']t|can(?:no|')t|unable to) (?:create|open|write|lock|execute|run|fork)\b|\bcommand died\b|\bno such file or directory\b/i;
const EXPIRED =
  /\ball hosts\b.{0,40}\bfailing for a long time\b|\bafter (?:multiple|several|many|\d+) (?:re)?(?:tries|attempts)\b|\bfailed \d+ attempts\b|\benvelope expired\b|\bnot been collected\b|\bretry time(?:out)? (?:exceeded|not reached)|\bretry timeout\b|\b(?:message|delivery|queue|retry|timeout)\b.{0,40}\b(?:expired|too old|timed out for|time (?:is )?over|exceeded the maximum time)\b|\bexpired\b.{0,30}\b(?:queue|deliver\w*|message)\b|\b(?:undelivered|tried|trying|queued|queue) .{0,30}\b\d{1,3} (?:hours?|days?)\b/i;
const SUSPECT_DOMAIN = /^(?:1\.2|1\.10|4\.4)$/;

/**
 * Phrases of rate, quota and time, in this order of strength. They count before every code: servers send them with
 * codes of unknown users too.
 */
export const PASSING_RULES: readonly RefusalRule[] = [
  { id: 'greylisted-text', class: 'greylisted', ...session, text: /\bgr[ea]y-?list/i },
  { id: 'recipient-rate', class: 'recipient_busy', ...passing, unlessStatus: /^2\.2$/, text: RECIPIENT_RATE },
  { id: 'recipient-rate-status', class: 'recipient_busy', ...passing, status: /^2\.12[12]$/ },
  { id: 'our-quota', class: 'quota_exceeded', ...infrastructure, unlessStatus: /^2\.2$/, text: OUR_QUOTA },
  { id: 'our-quota-status', class: 'quota_exceeded', ...infrastructure, status: /^(?:1\.90|7\.70[58])$/ },
  { id: 'full-text', class: 'mailbox_full', ...softBounce, text: FULL },
  { id: 'full-elsewhere', class: 'mailbox_full', ...softBounce, text: FULL_ELSEWHERE },
  {
    id: 'bare-quota',
    class: 'quota_exceeded',
    ...infrastructure,
    codes: [421, 450, 451, 452, 454, 550, 554],
    unlessStatus: /^2\.[12]$/,
    text: BARE_QUOTA,
  },
  {
    id: 'system-full',
    class: 'system_full',
    ...infrastructure,
    codes: [421, 431, 450, 451, 452, 454, 550, 554],
    unlessStatus: /^2\./,
    text: SYSTEM_FULL,
  },
  { id: 'system-full-status', class: 'system_full', ...infrastructure, status: /^3\.1$/ },
  { id: 'sender-throttled', class: 'rate_limited', ...infrastructure, codes: [454], text: TOO_FAST },
  { id: 'too-fast', class: 'rate_limited', ...infrastructure, text: TOO_FAST },
  { id: 'too-fast-status', class: 'rate_limited', ...infrastructure, status: /^7\.28$/ },
  {
    id: 'too-fast-later',
    class: 'rate_limited',
    ...infrastructure,
    codes: [421, 450, 451, 452],
    status: /^7\.(?:0|5\d\d|6[5-9]\d)$/,
    text: /\b(?:try|retry|come back)\b.{0,20}\b(?:again|later)\b|\bbusy\b|\bdeferred\b/i,
  },
];

/** Phrases of time: after those of blocklists and policy, whose replies often ask to come back later too. */
export const TIME_RULES: readonly RefusalRule[] = [
  { id: 'off-text', class: 'mailbox_disabled', ...softBounce, unlessStatus: /^7\./, text: SWITCHED_OFF },
  {
    id: 'off-elsewhere',
    class: 'mailbox_disabled',
    ...softBounce,
    unlessStatus: /^7\./,
    text: SWITCHED_OFF_ELSEWHERE,
  },
  {
    id: 'expired-text',
    class: 'expired',
    scope: 'message',
    means: 'fail',
    unlessStatus: SUSPECT_DOMAIN,
    text: EXPIRED,
  },
  {
    id: 'later',
    class: 'transient',
    ...passing,
    codes: PERMANENT_CODES,
    unlessStatus: SUSPECT_DOMAIN,
    text: TIME,
    unlessText: /\btypos?\b/i,
  },
  {
    id: 'later-elsewhere',
    class: 'transient',
    ...passing,
    codes: PERMANENT_CODES,
    unlessStatus: SUSPECT_DOMAIN,
    text: LATER_ELSEWHERE,
  },
  {
    id: 'unverified',
    class: 'transient',
    ...passing,
    codes: PERMANENT_CODES,
    unlessStatus: /^(?:1\.2|1\.10|4\.|6\.|7\.)/,
    text: UNVERIFIED,
  },
  {
    id: 'server-in-trouble',
    class: 'transient',
    ...passing,
    codes: PERMANENT_CODES,
    unlessStatus: /^(?:1\.2|1\.10|4\.4|6\.|7\.)/,
    text: SERVER_IN_TROUBLE,
    unlessText: /\bremote server returned\b/i,
  },
];
