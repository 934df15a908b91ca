/** What a documented curl line asks for. */
export interface CurlRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload?: string;
}

/** Reads a curl line as a shell and curl would, so that documents can be run where there is no curl. */
export function readCurl(line: string): CurlRequest {
  const [program, ...words] = wordsOf(line);
  if (program !== 'curl') throw new Error(`not a curl line: ${line}`);
  const url = words.find((word, at) => !word.startsWith('-') && !words[at - 1]?.startsWith('-'));
  if (url === undefined) throw new Error(`no address in: ${line}`);
  const valuesOf = (option: string) => words.flatMap((word, at) => (word === option ? (words[at + 1] ?? '') : []));
  const unknown = words.find((word) => word.startsWith('-') && !['-X', '-H', '-d'].includes(word));
  if (unknown !== undefined) throw new Error(`unknown option ${unknown}`);
  const headers = Object.fromEntries(valuesOf('-H').map((header) => header.split(/:\s*/, 2) as [string, string]));
  const [payload] = valuesOf('-d');
  const [method = payload === undefined ? 'GET' : 'POST'] = valuesOf('-X');
  return { method, url, headers, ...(payload !== undefined && { payload }) };
}

/** Words of a POSIX shell: single quotes keep everything, double quotes join, a backslash at the end continues the line. */
function wordsOf(line: string): string[] {
  const words = line.replace(/\\\r?\n/g, ' ').match(/(?:'[^']*'|"(?:\\.|[^"\\])*"|[^\s'"])+/g) ?? [];
  return words.map((word) =>
    word.replace(/'([^']*)'|"((?:\\.|[^"\\])*)"/g, (_all, single?: string, double?: string) =>
      single === undefined ? (double ?? '').replace(/\\(["\\$`])/g, '$1') : single,
    ),
  );
}
