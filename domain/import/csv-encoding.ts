/** The encoding of a stored file; UTF-16 is converted to UTF-8 when it is stored. */
export type CsvEncoding = 'utf-8' | 'windows-1252';

/** Options for parsing the header and the rows. Blank rows are skipped. */
export const CSV_PARSE_OPTIONS = {
  record_delimiter: ['\r\n', '\n', '\r'],
  relax_column_count: true,
  relax_quotes: true,
  skip_empty_lines: true,
  skip_records_with_empty_values: true,
};

/** The parser's encoding: single bytes are read as Latin-1 and converted afterwards. */
export function parserEncoding(encoding: CsvEncoding): 'utf8' | 'latin1' {
  return encoding === 'utf-8' ? 'utf8' : 'latin1';
}

/** The characters of windows-1252 where Latin-1 has control characters (0x80 to 0x9F). */
const WINDOWS = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

/** Converts text that was read as Latin-1 to the windows-1252 it is. */
export function fromWindows1252(latin1: string): string {
  return latin1.replace(/[\x80-\x9f]/g, (char) => WINDOWS.charAt(char.charCodeAt(0) - 0x80));
}

/** The UTF-16 that a file's byte order mark names. */
export function utf16Of(start: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  return start[0] === 0xfe && start[1] === 0xff ? 'utf-16be' : undefined;
}

/** Inspects a file block by block; a file that is not valid UTF-8 to its end is windows-1252. */
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
