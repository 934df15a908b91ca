/** Options for parsing the header and the rows. Blank rows are skipped, and cells are bytes until they are decoded. */
export const CSV_PARSE_OPTIONS = {
  encoding: 'latin1',
  record_delimiter: ['\r\n', '\n', '\r'],
  relax_column_count: true,
  relax_quotes: true,
  skip_empty_lines: true,
  skip_records_with_empty_values: true,
} as const;
