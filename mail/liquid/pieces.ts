import { type TopLevelToken, TypeGuards } from 'liquidjs';
import type { SourceLimits } from './complexity.js';
import { tokensOf } from './engine.js';

/** A tag exactly as written, or the text between tags. */
export interface Piece {
  readonly kind: 'tag' | 'text';
  readonly source: string;
}

/**
 * Splits a source where Liquid itself does. The content of `raw` is text, and comments are left out. Throws a LiquidError for a
 * tag without an end, and TooComplex.
 */
export function piecesOf(source: string, limits?: SourceLimits): readonly Piece[] {
  const pieces: Piece[] = [];
  let isComment = false;
  for (const token of tokensOf(source, limits)) {
    const name = TypeGuards.isTagToken(token) ? token.name : undefined;
    if (isComment) isComment = name !== 'endcomment';
    else if (name === 'comment') isComment = true;
    else if (name !== 'raw' && name !== 'endraw') pieces.push(pieceOf(token));
  }
  return pieces;
}

function pieceOf(token: TopLevelToken): Piece {
  return TypeGuards.isHTMLToken(token)
    ? { kind: 'text', source: token.getContent() }
    : { kind: 'tag', source: token.getText() };
}
