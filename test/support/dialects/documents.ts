import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../config.js';

/** The documents of the APIs that run here, word for word. */
export type DocumentName = 'maily' | 'envie' | 'mailbindr' | 'emailmassivo' | 'mailee';

export function documentText(name: DocumentName): string {
  return readFileSync(join(packageRoot(), 'test/dialects/samples', `${name}.txt`), 'utf8');
}

/** Every curl line of a document, with the lines that belong to it. */
export function curlLinesOf(name: DocumentName): string[] {
  const lines = documentText(name).split('\n');
  return lines.flatMap((line, at) => (line.startsWith('curl ') ? [wholeCommand(lines.slice(at))] : []));
}

/** A command goes on behind a backslash, and as long as a quoted word is open. */
function wholeCommand(lines: readonly string[]): string {
  for (let count = 1; count <= lines.length; count += 1) {
    const text = lines.slice(0, count).join('\n');
    const open = text.split("'").length % 2 === 0;
    if (!open && !text.endsWith('\\')) return text;
  }
  throw new Error(`a command without an end: ${lines[0]}`);
}

/** Every JSON object that begins a line, in order, without the words that some documents glue to its end. */
export function blocksOf(name: DocumentName): string[] {
  const text = documentText(name);
  const blocks: string[] = [];
  for (let from = 0; ; ) {
    const start = text.slice(from).search(/^\{/m);
    if (start === -1) return blocks;
    const end = endOfObject(text, from + start);
    blocks.push(text.slice(from + start, end));
    from = end;
  }
}

function endOfObject(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1;
    if (text[at] === '}') depth -= 1;
    if (depth === 0) return at + 1;
  }
  throw new Error(`an object without an end: ${text.slice(start, start + 80)}`);
}

export type Language = 'python' | 'php' | 'node';

export interface Program {
  readonly language: Language;
  readonly code: string;
}

/** The programs of a document: from their first line to the one that sends the request. */
export function programsOf(name: DocumentName): Program[] {
  const text = documentText(name);
  const found = (language: Language, pattern: RegExp) =>
    [...text.matchAll(pattern)].map(([code]) => ({ language, code: code.trim() }));
  return [
    ...found('python', /^import requests\n[\s\S]*?^response = requests\..*?\)(?=Node\.js|\s)/gm),
    ...found('php', /^\$url = [\s\S]*?^curl_close\(\$ch\);/gm),
    ...found('node', /^const axios = [\s\S]*?\.catch\([\s\S]*?^\}\);/gm),
    ...found('node', /(?<=JavaScript\n)const url = [\s\S]*?\.catch\([\s\S]*?^\}\);/gm),
  ];
}
