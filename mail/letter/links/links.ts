import { MASK, maskLiquid } from '../../liquid/mask-liquid.js';
import { destinationOf } from './destination.js';
import { type HtmlLink, htmlLinksIn } from './html-links.js';

/** The links of a body: their destinations, and the links whose destination depends on the recipient's fields. */
export interface FoundLinks {
  /** In order of appearance, without duplicates. */
  readonly destinations: readonly string[];
  /** Destinations of links marked with `data-notrack`. */
  readonly untracked: ReadonlySet<string>;
  /** As written in the source; these links are not tracked. */
  readonly personal: readonly string[];
}

/** Returns the replacement of a destination, or undefined to leave the link unchanged. */
export type Rewrite = (destination: string) => string | undefined;

/** Covers the Liquid of a source with masks. */
export type Masking = (text: string) => string;

/** A finished text has no Liquid. */
export const unmasked: Masking = (text) => text;

/** Finds the links of an HTML body. */
export function linksIn(html: string, mask: Masking = maskLiquid): FoundLinks {
  const destinations = new Set<string>();
  const untracked = new Set<string>();
  const personal: string[] = [];
  const { links, base } = htmlLinksIn(mask(html));
  for (const link of links) {
    const destination = fixedDestination(link, base);
    if (destination !== undefined) (link.kept ? untracked : destinations).add(destination);
    else if (link.value.includes(MASK) && !link.kept) personal.push(unquoted(html.slice(link.start, link.end)));
  }
  return { destinations: [...destinations], untracked, personal };
}

/** Replaces the destinations of the links; every other byte stays. */
export function rewriteHtml(html: string, rewrite: Rewrite, mask: Masking = maskLiquid): string {
  let done = '';
  let from = 0;
  const { links, base } = htmlLinksIn(mask(html));
  for (const link of links) {
    const destination = link.kept ? undefined : fixedDestination(link, base);
    const other = destination === undefined ? undefined : rewrite(destination);
    if (other === undefined) continue;
    done += `${html.slice(from, link.start)}"${other}"`;
    from = link.end;
  }
  return done + html.slice(from);
}

/** Undefined if the destination is personal or no web address. */
function fixedDestination({ value }: HtmlLink, base: string | undefined): string | undefined {
  return value.includes(MASK) ? undefined : destinationOf(value, base);
}

function unquoted(value: string): string {
  return /^["']/.test(value) ? value.slice(1, -1) : value;
}
