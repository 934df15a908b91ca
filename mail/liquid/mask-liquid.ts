import { type TopLevelToken, TypeGuards } from 'liquidjs';
import { TRACKED_LIMITS } from './complexity.js';
import { liquidFault, tokensOf } from './engine.js';

/** Stands for each character of hidden Liquid. It is a Unicode noncharacter, which text never uses. */
export const MASK = '\uFDD0';

/**
 * The source with each Liquid tag, and each `raw` and `comment` block, covered by masks, because `<`, quotes and line breaks
 * in it are not markup. Every other character keeps its position. Malformed Liquid, which is never sent, stays.
 */
export function maskLiquid(source: string): string {
  let done = '';
  let from = 0;
  let block: string | undefined;
  for (const token of tokensIn(source)) {
    const name = TypeGuards.isTagToken(token) ? token.name : undefined;
    if (block === undefined && TypeGuards.isHTMLToken(token)) continue;
    done += block === undefined ? source.slice(from, token.begin) : MASK.repeat(token.begin - from);
    done += MASK.repeat(token.end - token.begin);
    from = token.end;
    if (block === undefined && (name === 'raw' || name === 'comment')) block = name;
    else if (name === `end${block}`) block = undefined;
  }
  return done + (block === undefined ? source.slice(from) : MASK.repeat(source.length - from));
}

function tokensIn(source: string): readonly TopLevelToken[] {
  if (!source.includes('{{') && !source.includes('{%')) return [];
  try {
    return tokensOf(source, TRACKED_LIMITS);
  } catch (error) {
    if (liquidFault(error) === undefined) throw error;
    return [];
  }
}
