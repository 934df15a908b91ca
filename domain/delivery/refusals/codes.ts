import { infrastructure, message, noMailbox, type RefusalRule, sender, session, softBounce } from './rule.js';

const NO_SUCH_MAILBOX = new RegExp(
  String.raw`\b(?:users?|mail ?box|recipients?|accounts?|address(?:ee)?|alias)\b.{0,40}` +
    String.raw`\b(?:unknown|not found|could ?n[o']t be found|cannot be found|(?:does|did|do) not exist|doesn't exist|not exist|closed|deleted|terminated|no longer accepts (?:any )?mail|no longer (?:exists?|valid|available|in use|active|here)|(?:name )?(?:is )?not (?:a )?(?:known|valid|recogni[sz]ed|local|registered)|undefined|unavailable|invalid|nonexistent|non-existent)\b` +
    String.raw`|…>?.{0,25}\b(?:unknown|not found|(?:does|did) not exist|doesn't exist)\b` +
    String.raw`|\b(?:unknown|no such|invalid|nonexistent|non-existent|undeliverable|unresolvable|not our|bad destination) (?:local |virtual |e?-?mail |destination )?(?:users?|mail ?box|recipients?|accounts?|address(?:ee)?|customer|person|alias)\b` +
    String.raw`|\b(?:no|not an?) (?:valid |such )?(?:recipients?|user|mailbox|account)\b.{0,20}\b(?:here|found|exists?|by that name|with that)\b` +
    String.raw`|\bdoesn't have an? \S+ account\b|\bmoved, no forwarding\b|\bhas left\b`,
  'i',
);
/** The common words in other languages; letters of other scripts have no word boundary. */
const NO_SUCH_MAILBOX_ELSEWHERE = new RegExp(
  String.raw`\b(?:usuario|usuário|destinat[aá]rio|destinataire|utilisateur|utente|benutzer|empf[aä]nger|gebruiker|użytkownik|odbiorca|adres(?:se)?|cuenta|casella|caixa postal|buz[oó]n|bo[iî]te)\b.{0,40}` +
    `(?:descono?cido|desconhecido|inexistente?|no existe|não existe|nao existe|inconnue?|n'existe pas|nie istnieje|nieznany|sconosciuto|non esiste|unbekannt|existiert nicht|onbekend|bestaat niet|inv[aá]lid[oa]|invalide|non trouv)` +
    `|(?:пользователь|ящик|адрес|получатель).{0,30}(?:не найден|не существует|неизвестен)|(?:не найден|не существует).{0,20}(?:пользователь|ящик|адрес)` +
    `|\\bnie ma takiego (?:użytkownika|adresu)|(?:用户|收件人|帐号|账号|邮箱|地址).{0,10}(?:不存在|不正确|未找到)|(?:ユーザ|宛先|メールボックス|アドレス).{0,20}(?:存在しません|見つかりません|不明|ありません)`,
  'i',
);
const NO_DOMAIN =
  /\b(?:domain|host)\b.{0,40}\b(?:not found|does not exist|doesn't exist|unknown|(?:does not|doesn't) accept (?:e?-?mail|mail|any))\b|\b(?:unknown|no such) (?:domain|host)\b|\bnull ?mx\b|\bno (?:mx|a or mx|dns) records?\b|\bmx (?:or srv )?record indicated no smtp\b|\bdns lookup failure\b|\bdomain of the recipient\b|\ball relevant mx records point to non-?existent hosts\b|\bnon-?existent (?:domain|host)\b/i;
const NO_CONNECTION =
  /\bdid not accept our requests? to connect\b|\bconnection (?:refused|timed out|reset|dropped)\b|\bnetwork is unreachable\b|\bno route to host\b|\bconnect to\b.{0,80}\b(?:refused|timed out)\b/i;
const MAILBOX_CODES = [511, 550, 551, 552, 553, 554] as const;

/** Basic codes, with the phrases that make them clear. */
export const CODE_RULES: readonly RefusalRule[] = [
  {
    id: 'full-code',
    class: 'mailbox_full',
    ...softBounce,
    codes: [422, 522, 552],
    text: /\b(?:quota|full|storage)\b/i,
  },
  { id: 'no-domain-text', class: 'bad_domain', scope: 'domain', means: 'fail', unlessStatus: /^7\./, text: NO_DOMAIN },
  // RFC 5321 §3.3: by then the server knows the recipient. Mobile carriers answer so for recipients who filter.
  {
    id: 'no-mailbox-after-body',
    class: 'recipient_filtered',
    ...softBounce,
    codes: MAILBOX_CODES,
    unlessStatus: /^(?:1|7)\./,
    afterRcpt: true,
    text: new RegExp(`${NO_SUCH_MAILBOX.source}|${NO_SUCH_MAILBOX_ELSEWHERE.source}`, 'i'),
  },
  {
    id: 'no-mailbox-text',
    class: 'invalid_recipient',
    ...noMailbox,
    codes: MAILBOX_CODES,
    unlessStatus: /^7\./,
    text: NO_SUCH_MAILBOX,
  },
  {
    id: 'no-mailbox-elsewhere',
    class: 'invalid_recipient',
    ...noMailbox,
    codes: MAILBOX_CODES,
    unlessStatus: /^7\./,
    text: NO_SUCH_MAILBOX_ELSEWHERE,
  },
  {
    id: 'address-rejected',
    class: 'invalid_recipient',
    ...noMailbox,
    codes: [550],
    status: /^1\.0$/,
    text: /\b(?:address rejected|recipient (?:denied|rejected))\b/i,
  },
  { id: 'no-connection', class: 'transient', ...infrastructure, text: NO_CONNECTION },
  { id: 'no-domain-code', class: 'bad_domain', scope: 'domain', means: 'fail', codes: [521, 556] },
  { id: 'too-large-code', class: 'too_large', ...message, codes: [523, 552] },
  {
    id: 'prohibited',
    class: 'policy',
    ...sender,
    codes: [550, 554, 571],
    text: /\baccess denied\b|\badministrative prohibition\b|\bnot authori[sz]ed\b|\binvalid ip\b/i,
  },
  { id: 'not-understood', class: 'protocol', ...session, codes: [500, 501, 502, 504], vague: true },
  { id: 'closing', class: 'transient', ...infrastructure, codes: [421] },
];
