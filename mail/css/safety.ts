import { resolved, statementsOf } from './reader.js';

/** CSS that runs code or loads other resources. */
const BAD =
  /(expression)\s*\(|(javascript)\s*:|(vbscript)\s*:|(-moz-binding)|(behavior)\s*:|(@import)|(url)\(\s*(?:["']\s*)?(?!https?:|cid:|["'\s#\uE000])[a-z]+:|(image-set|src)\(\s*["']?(?!https?:)[a-z]+:/i;
const RUNS = /expression\s*\(|javascript\s*:|vbscript\s*:/i;
const MARKS = /\uE000\d+\uE001/g;
const PICTURES = /url\(\s*["']?data:image\/(?:png|gif|jpeg|webp)/gi;

/**
 * The name of what is active in a piece of CSS; undefined if nothing is. Escapes and comments are resolved, and Liquid between the
 * letters of a word hides none. An image in a data: URL is harmless.
 */
export function activeCss(css: string): string | undefined {
  for (const form of [css, resolved(css), resolved(css.replace(MARKS, ''))]) {
    const found = BAD.exec(form.replace(PICTURES, 'url(https:'));
    if (found !== null) return (found.slice(1).find((name) => name !== undefined) ?? '').toLowerCase();
  }
  return undefined;
}

/** A sheet without rules and declarations that import or run code; the others stay. `report` is told what went. */
export function harmlessCss(sheet: string, report: (what: string) => void): string {
  const active = activeCss(sheet.replace(PICTURES, 'url(https:'));
  if (active === undefined) return sheet;
  report(active);
  const clean = sheet
    .replace(/@import[^;]*;?/gi, '')
    .replace(/[^;{}<>]+;?/g, (rule) => (RUNS.test(rule) ? '' : rule))
    .replace(/(?:-moz-binding|behavior)\s*:[^;{}]*;?/gi, '')
    .replace(
      /url\(\s*(?:["']\s*)?(?!https?:|cid:|data:image\/(?:png|gif|jpeg|webp)|["'\s#\uE000])[a-z]+:[^)<]*\)?/gi,
      'none',
    );
  if (activeCss(clean) === undefined) return clean;
  // Written so that only a client reads it as what it is: the whole statement goes.
  return statementsOf(clean)
    .filter(({ source }) => {
      const hidden = activeCss(source);
      if (hidden !== undefined) report(source);
      return hidden === undefined;
    })
    .map(({ source }) => source)
    .join('\n');
}
