/** How the bytes of a stored file read; UTF-16 is turned into UTF-8 while it is stored. */
export type CsvEncoding = 'utf-8' | 'windows-1252';

/** How a file is cut into rows, for whoever reads its header and whoever reads its rows. Blank rows are no rows. */
export const CSV_PARSE_OPTIONS = {
  record_delimiter: ['\r\n', '\n', '\r'],
  relax_column_count: true,
  relax_quotes: true,
  skip_empty_lines: true,
  skip_records_with_empty_values: true,
};

/** The parser's name for it: single bytes are read as Latin-1 and translated afterwards. */
export function parserEncoding(encoding: CsvEncoding): 'utf8' | 'latin1' {
  return encoding === 'utf-8' ? 'utf8' : 'latin1';
}

/** What windows-1252 has where Latin-1 has control characters (0x80 to 0x9F). */
const WINDOWS = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

/** Text that was read as Latin-1 as the windows-1252 it was meant to be. */
export function fromWindows1252(latin1: string): string {
  return latin1.replace(/[\x80-\x9f]/g, (char) => WINDOWS.charAt(char.charCodeAt(0) - 0x80));
}

/** The UTF-16 a file starts with, by its byte order mark. */
export function utf16Of(start: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  return start[0] === 0xfe && start[1] === 0xff ? 'utf-16be' : undefined;
}

/** Watches a file go by, block after block; whatever is not valid UTF-8 to its end is windows-1252. */
export function encodingProbe() {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let valid = true;
  const check = (decode: () => void) => {
    try {
      if (valid) decode();
    } catch {
      valid = false;
    }
  };
  return {
    add: (block: Uint8Array): void => check(() => decoder.decode(block, { stream: true })),
    encoding: (): CsvEncoding => {
      check(() => decoder.decode());
      return valid ? 'utf-8' : 'windows-1252';
    },
  };
}
