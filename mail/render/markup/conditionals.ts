import type { Placeholders } from '../../liquid/placeholders.js';
import { checkedMarkup } from '../personal-values.js';
import { isActiveAttribute, isActiveElement } from './active-markup.js';
import { type Remark, remarksIn, tagsIn } from './markup-scan.js';

/** What was taken out, for the findings. */
export interface Removals {
  readonly placeholders: Placeholders;
  /** Markup that mails must not contain. */
  readonly removed: Set<string>;
  /** Markup with a personal value that cannot be checked when it is rendered. */
  readonly refused: Set<string>;
}

type Piece = Remark & { readonly part: 'opening' | 'closing' | 'hidden' | 'other' };

const CONDITION = /^\s*\[if\b[^\]]*\]>/i;
const OPENS = /^\s*\[if\b[^\]]*\]>\s*<!(?:--\s*)?$/i;
const CLOSES = /^\s*<!\[endif\]\s*$/i;
const HIDDEN = /^\s*\[if\b[^\]]*\]>[\s\S]*<!\[endif\]\s*$/i;
/** Where browsers end a comment, but not the parser. */
const ENDS_EARLY = /^-?>|--!>/;

/**
 * Sets conditional comments and the doctype aside. Between the two ends of a condition that other clients than Outlook do not know is ordinary
 * markup; the content of a hidden comment is for Outlook alone. An end without its other end is taken out: it would hide the rest
 * of the mail.
 */
export function conditionalsShielded(html: string, removals: Removals): string {
  const pieces = remarksIn(html).map((remark): Piece => ({ ...remark, part: partOf(remark) }));
  const paired = pairedIn(pieces);
  let done = '';
  let from = 0;
  for (const piece of pieces) {
    const kept = keptOf(html.slice(piece.start, piece.end), piece, paired.has(piece), removals);
    done += html.slice(from, piece.start) + (kept === undefined ? '' : removals.placeholders.shield(kept));
    from = piece.end;
  }
  return done + html.slice(from);
}

/** Whether a shielded piece is markup for Outlook alone; its content. */
export function hiddenMarkup(shielded: string): string | undefined {
  if (!HIDDEN.test(shielded.replace(/^<!--|-->$/g, ''))) return undefined;
  return shielded.replace(/^<!--\s*\[if\b[^\]]*\]>|<!\[endif\]\s*-->$/gi, '');
}

function partOf({ kind, data }: Remark): Piece['part'] {
  if (kind === 'declaration')
    return /^\[if\b[^\]]*\]$/i.test(data) ? 'opening' : data.toLowerCase() === '[endif]' ? 'closing' : 'other';
  if (OPENS.test(data)) return 'opening';
  if (CLOSES.test(data)) return 'closing';
  return HIDDEN.test(data) ? 'hidden' : 'other';
}

/** The openings and closings that belong together. */
function pairedIn(pieces: readonly Piece[]): ReadonlySet<Piece> {
  const paired = new Set<Piece>();
  const open: Piece[] = [];
  for (const piece of pieces) {
    if (piece.part === 'opening') open.push(piece);
    const opening = piece.part === 'closing' ? open.pop() : undefined;
    if (opening !== undefined) paired.add(opening).add(piece);
  }
  return paired;
}

/** What stays of a piece; undefined: nothing. Ordinary comments go without a word, because clients do not show them. */
function keptOf(source: string, piece: Piece, isPaired: boolean, removals: Removals): string | undefined {
  const { kind, data, part } = piece;
  if (kind === 'declaration' && part === 'other') return /^doctype/i.test(data) ? source : undefined;
  if (part === 'opening' || part === 'closing') {
    if (!isPaired) removals.removed.add(source);
    return isPaired ? source : undefined;
  }
  if (part === 'hidden' && !ENDS_EARLY.test(data))
    return cleanHidden(source, data, removals)?.replace(/<style data-embed/gi, '<style');
  if (CONDITION.test(data)) removals.removed.add('conditional comment');
  return undefined;
}

/**
 * Word's engine, which reads these comments, runs no scripts; anything that resembles one is removed all the same.
 */
function cleanHidden(source: string, data: string, { placeholders, removed, refused }: Removals): string | undefined {
  const start = source.indexOf(data) + (CONDITION.exec(data)?.[0].length ?? 0);
  const content = source.slice(start);
  const { names, attributes } = tagsIn(content);
  const active = names.find((name) => isActiveElement(name));
  if (active !== undefined) {
    removed.add(`conditional comment with <${active}>`);
    return undefined;
  }
  let clean = source.slice(0, start);
  let from = 0;
  for (const attribute of attributes.filter((one) => isActiveAttribute(one, placeholders))) {
    removed.add(`${attribute.tag} ${attribute.name}`);
    clean += content.slice(from, attribute.start);
    from = attribute.end;
  }
  const checked = checkedMarkup(clean + content.slice(from), placeholders);
  if (checked === undefined) refused.add('conditional comment');
  return checked;
}
