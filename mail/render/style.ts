import { darkPalette, lightPalette, type Palette } from '../../domain/brand/brand.js';
import { directionOf } from '../letter/document.js';
import type { RenderJob } from './job.js';

/**
 * The styles of a body inside a template. They are inlined; the template's own styles come later and win. The dark mode
 * is for templates that have one too.
 */
export function contentStyle(
  { brand: { colors }, language }: Pick<RenderJob, 'brand' | 'language'>,
  hasDarkMode: boolean,
) {
  const [start, end] = directionOf(language) === 'ltr' ? ['left', 'right'] : ['right', 'left'];
  const dark = hasDarkMode
    ? `
@media (prefers-color-scheme: dark){${darkStyles(darkPalette(colors))}}`
    : '';
  return `<style data-everpost>${lightStyles(lightPalette(colors), start, end)}${dark}</style>
`;
}

function lightStyles({ text, muted, link, button, button_text, line }: Palette, start = 'left', end = 'right'): string {
  return `
.ep-content h1{margin:0 0 16px;font-size:28px;line-height:1.25;font-weight:700;color:${text}}
.ep-content h2{margin:28px 0 12px;font-size:21px;line-height:1.3;font-weight:700;color:${text}}
.ep-content h3{margin:24px 0 8px;font-size:17px;line-height:1.4;font-weight:700;color:${text}}
.ep-content p{margin:0 0 16px}
.ep-content ul,.ep-content ol{margin:0 0 16px;padding:0 24px}
.ep-content li{margin:0 0 8px}
.ep-content a{color:${link};text-decoration:underline}
.ep-content img{max-width:100%;height:auto}
.ep-content .ep-image{margin:0 0 20px}
.ep-content .ep-image img{display:block;border-radius:6px}
.ep-content blockquote{margin:0 0 20px;padding:4px 16px;border:0;border-${start}:4px solid ${button}}
.ep-content .ep-cite{font-size:14px;color:${muted}}
.ep-content hr{margin:24px 0;border:0;border-top:1px solid ${line}}
.ep-content .ep-facts{margin:0 0 20px;border-collapse:collapse}
.ep-content .ep-facts th,.ep-content .ep-facts td{padding:10px 0;border-bottom:1px solid ${line};font-size:15px;line-height:1.5;vertical-align:top;text-align:${start}}
.ep-content .ep-facts th{padding-${end}:16px;font-weight:400;color:${muted};width:34%}
.ep-content .ep-button-table{margin:8px 0 24px;border-collapse:separate}
.ep-content .ep-button{border-radius:6px;background-color:${button};text-align:center}
.ep-content .ep-button-link{display:inline-block;padding:13px 26px;border-radius:6px;color:${button_text};font-size:16px;line-height:1.25;font-weight:600;text-decoration:none}`;
}

/**
 * Elements directly on the template's surface: in dark mode they get its text colour, even if the body sets another.
 */
const onPaper = [
  '',
  ' h1',
  ' h2',
  ' h3',
  '>div',
  '>div>p',
  '>div>ul>li',
  '>div>ol>li',
  ' blockquote>p',
  ' .ep-facts td',
]
  .map((inside) => `.ep-content${inside}`)
  .join(',');

/** Inlined styles override a sheet, so every declaration here needs !important. */
function darkStyles({ background, surface, text, muted, link, button, button_text, line, outside }: Palette): string {
  const paint = (selector: string, property: string, colour: string) =>
    `${selector}{${property}:${colour} !important}\n`;
  return [
    '\n',
    paint('.ep-page,.ep-page>div', 'background-color', background),
    paint('.ep-paper,.ep-paper>table', 'background-color', surface),
    paint(`${onPaper},.ep-text,.ep-text div,.ep-text td`, 'color', text),
    paint('.ep-content .ep-cite,.ep-content .ep-facts th,.ep-muted,.ep-muted div,.ep-muted a', 'color', muted),
    paint('.ep-band,.ep-band>table', 'background-color', button),
    paint('.ep-band div,.ep-band h1', 'color', button_text),
    paint('.ep-rows table,.ep-rows td,.ep-rows th', 'color', text),
    paint('.ep-rule p,.ep-rows td', 'border-color', line),
    paint('.ep-outside,.ep-outside div,.ep-outside a', 'color', outside),
    paint('.ep-content a,.ep-link div,.ep-link a', 'color', link),
    paint('.ep-content .ep-button', 'background-color', button),
    paint('.ep-content .ep-button-link', 'color', button_text),
    paint('.ep-content hr,.ep-content .ep-facts th,.ep-content .ep-facts td,.ep-line td', 'border-color', line),
    '.ep-day{display:none !important}\n.ep-night{display:block !important;max-height:none !important}\n',
  ].join('');
}
