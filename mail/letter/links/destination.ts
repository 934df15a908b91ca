/** Proxies refuse longer headers. */
export const LONGEST_DESTINATION = 4_000;

/** Marks of our own: Unicode noncharacters, which addresses never contain. */
const NONCHARACTERS = /[\uFDD0-\uFDEF]/g;

/**
 * What a browser asks for when it opens an address (WHATWG URL); undefined if that is no web address. `base` is that of the document, if
 * it names one: mails have none of their own.
 */
export function destinationOf(written: string, base?: string): string | undefined {
  const address = written.replace(NONCHARACTERS, '').trim();
  if (address === '' || address.startsWith('#') || address.length > LONGEST_DESTINATION) return undefined;
  const url = urlOf(address, base);
  const isWeb = url?.protocol === 'http:' || url?.protocol === 'https:';
  return isWeb && url.href.length <= LONGEST_DESTINATION ? url.href : undefined;
}

/** Not `URL.canParse`: that of Node 20 refuses some hosts, such as `faß.example`, once it is optimised. */
function urlOf(address: string, base: string | undefined): URL | undefined {
  try {
    return new URL(address, base);
  } catch {
    return undefined;
  }
}
