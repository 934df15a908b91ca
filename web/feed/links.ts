/** An absolute http or https address; empty for anything else. */
export function webAddress(link: string | undefined, base: string | undefined): string {
  const text = (link ?? '').replace(/[\t\r\n]/g, '').trim();
  if (text === '') return '';
  const whole = /^www\.[^/\s]+\./i.test(text) ? `https://${text}` : text;
  if (!URL.canParse(whole, base)) return '';
  const url = new URL(whole, base);
  return /^https?:$/.test(url.protocol) ? url.href : '';
}

/** The base inside an element with an `xml:base`: RFC 3986, section 5.1. */
export function innerBase(outer: string | undefined, given: string | undefined): string | undefined {
  return webAddress(given, outer) || outer;
}

/**
 * The base of a feed that names none: the address that it was fetched from. A feed served by another host than its site,
 * such as a feed service, means its site.
 */
export function baseOfDocument(site: string | undefined, fetchedFrom: string): string {
  const page = webAddress(site, undefined);
  if (page === '' || !URL.canParse(fetchedFrom)) return fetchedFrom;
  return new URL(page).host === new URL(fetchedFrom).host ? fetchedFrom : page;
}

const LINK_TAG = /<(?:\w+:)?(?:link|channel)\b[^<>]*>/g;
const BASE = /\sxml:base\s*=\s*(?:"([^"]*)"|'([^']*)')/;
const HREF = /(\shref\s*=\s*)(?:"([^"]*)"|'([^']*)')/;

/** The parser reads no `xml:base` of a link: resolves such links first. */
export function withLinkBases(xml: string): string {
  return xml.replace(LINK_TAG, (tag) => {
    const [, double, single] = BASE.exec(tag) ?? [];
    const base = double ?? single;
    if (base === undefined || !URL.canParse(base)) return tag;
    return tag.replace(HREF, (_, name: string, one?: string, other?: string) => {
      const href = (one ?? other ?? '').replaceAll('&amp;', '&');
      return `${name}"${webAddress(href, base).replaceAll('&', '&amp;') || href}"`;
    });
  });
}

/** The `xml:base` of an RSS channel, which the parser does not read either. */
export function channelBase(xml: string): string | undefined {
  const [tag = ''] = /<channel\b[^<>]*>/.exec(xml) ?? [];
  const [, double, single] = BASE.exec(tag) ?? [];
  return double ?? single;
}
