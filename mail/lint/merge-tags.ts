import { type Finding, finding } from '../../domain/mail/finding.js';

/** Merge tags of other services, which would be printed as they are. */
const FOREIGN: readonly RegExp[] = [
  // Mailchimp, Mandrill: *|FNAME|*
  /\*\|[A-Z][\w:=. -]{0,60}\|\*/i,
  // [[first_name]] of several services, and {{{ }}} of Handlebars, which Liquid refuses
  /\[\[\s*[a-z][\w.: -]{0,60}\]\]/i,
  // Mailgun: %recipient.name%
  /%recipient(?:\.|_)[\w.-]{1,60}%/i,
  // ActiveCampaign, Sendy, Emma: %FIRSTNAME%, %%first_name%%, %%=v(@name)=%%
  /%%=?[a-z(@][^%\s]{0,60}=?%%|%[A-Z][A-Z0-9_-]{2,40}%/,
  // Campaign Monitor, Sendy: [firstname,fallback=there], [Name,fallback=]
  /\[[a-z][\w ]{0,40}\s*,\s*fallback=[^\]]{0,60}\]/i,
  // Constant Contact, AWeber, GetResponse: [[FNAME]], {!firstname}, [FNAME]
  /\{![a-z][\w.$ ]{0,60}\}/i,
  /(?<!\[)\[(?:FNAME|LNAME|FIRST_?NAME|LAST_?NAME|FULL_?NAME|EMAIL(?:_?ADDRESS)?|NAME|UNSUBSCRIBE|SUBSCRIBER(?:\.\w{1,30})?)\]/i,
  // Eloqua, Marketo-like, Braze, template engines: ${first_name}, #{name}, <%= name %>, {$name}
  /[$#]\{\s*[a-z_][\w.[\]]{0,60}\s*\}|\{\$[a-z_][\w.]{0,60}\}/i,
  /(?:<|&lt;)%=?\s*[\w@.]{1,60}[^%]{0,40}%(?:>|&gt;)/,
  /~[A-Z]\w{0,40}\.[A-Z]\w{0,40}~/,
  // SendGrid's legacy substitutions: -name-, :name, and ##name## of others
  /##\s*[a-z_][\w. ]{0,40}##|@@[a-z_]\w{0,40}@@/i,
  /(?:^|[\s,>])\{(?:first|last|full)_?\s?name\}|(?:^|[\s,>])-(?:first|last|full)_?name-/i,
];

/** The first merge tag of each service in a letter without its Liquid. */
export function foreignTags(text: string): readonly Finding[] {
  return FOREIGN.flatMap((tag) => {
    const found = tag.exec(text)?.[0];
    return found === undefined ? [] : [finding('foreign_merge_tag', found)];
  });
}
