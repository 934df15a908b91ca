import { type Finding, finding } from '../../domain/mail/finding.js';
import { type Element, elementsIn, wordsOf } from './tree.js';

/** Accessibility findings. */
export function accessibilityOf(root: Element): readonly Finding[] {
  const elements = [...elementsIn(root)];
  const html = elements.find(({ name }) => name === 'html');
  const title = elements.find(({ name }) => name === 'title');
  return [
    ...((html?.attribs['lang'] ?? '').trim() === '' ? [finding('lang_missing')] : []),
    ...(title === undefined || wordsOf(title).trim() === '' ? [finding('title_missing')] : []),
    ...elements.flatMap((element) => [...imageFaults(element), ...tableFaults(element), ...linkFaults(element)]),
    ...headingFaults(elements),
  ];
}

function imageFaults({ name, attribs }: Element): Finding[] {
  if (name !== 'img') return [];
  const { src = '', alt } = attribs;
  return [
    ...(alt === undefined ? [finding('image_without_alt', src)] : []),
    ...(isRelative(src) ? [finding('image_broken', src)] : []),
    ...(/^\s*data:/i.test(src) ? [finding('image_embedded', src.slice(0, 40))] : []),
    ...(/^\s*(?:http:|\/\/)/i.test(src) ? [finding('image_not_https', src)] : []),
  ];
}

/** An address that a mail client cannot complete; a personal one may be whole. */
function isRelative(src: string): boolean {
  return !/^\s*(?:https?:|cid:|data:|\/\/|\uE000)/i.test(src);
}

/** A table with header cells or a caption holds data; other tables are layout. */
function tableFaults(element: Element): Finding[] {
  if (element.name !== 'table' || element.attribs['role'] !== undefined) return [];
  const isData = ownParts(element).some(({ name }) => name === 'th' || name === 'caption');
  const isListing = element.attribs['class']?.includes('ep-') ?? false;
  return isData || isListing || isPlainList(element) ? [] : [finding('layout_table_without_role', describe(element))];
}

/** Rows that Liquid repeats are a list, whatever their cells are. */
function isPlainList(element: Element): boolean {
  return (
    element.children.some((child) => typeof child !== 'string' && child.name === 'tbody' && hasLoop(child)) ||
    hasLoop(element)
  );
}

function hasLoop({ children }: Element): boolean {
  return children.some((child) => typeof child === 'string' && child.includes('\uE000'));
}

/** The elements of a table without those of nested tables. */
function ownParts(element: Element): Element[] {
  return element.children.flatMap((child) => {
    if (typeof child === 'string' || child.name === 'table') return [];
    return [child, ...ownParts(child)];
  });
}

function linkFaults(element: Element): Finding[] {
  if (element.name !== 'a' || element.attribs['href'] === undefined) return [];
  return wordsOf(element).trim() === '' ? [finding('link_without_text', element.attribs['href'])] : [];
}

function headingFaults(elements: readonly Element[]): Finding[] {
  let last = 0;
  return elements.flatMap((element) => {
    const level = Number(/^h([1-6])$/.exec(element.name)?.[1] ?? 0);
    if (level === 0) return [];
    const skipped = last > 0 && level > last + 1;
    last = level;
    return skipped ? [finding('heading_skipped', `<h${level}> ${wordsOf(element)}`)] : [];
  });
}

function describe({ name, attribs }: Element): string {
  return `<${name}${attribs['class'] === undefined ? '' : ` class="${attribs['class']}"`}>`;
}
