/** A generated page: its path from the root of the repository, and its text. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/** A page that names its source, so that it is not edited by hand. */
export function page(name: string, source: string, ...blocks: readonly string[]): Page {
  const [title = name, ...rest] = blocks;
  const origin = `<!-- Generated from ${source} by \`npm run docs\`. -->`;
  return { path: `docs/reference/${name}.md`, text: `${[`# ${title}`, origin, ...rest].join('\n\n')}\n` };
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

export function code(text: string): string {
  return `\`${text}\``;
}
