/** The media types from envie's documentation. */
export const ENVIE_ATTACHMENT_TYPES: readonly string[] = [
  'application/pdf',
  'application/zip',
  'text/plain',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  'application/excel',
  'image/jpeg',
  'image/png',
];
/** The default of ATTACHMENT_TYPES. Envie's come first: of two types with one extension, the first is its default. */
export const ATTACHMENT_TYPES: readonly string[] = [
  ...ENVIE_ATTACHMENT_TYPES,
  'image/gif',
  'image/webp',
  'text/csv',
  'text/calendar',
  'text/xml',
  'application/xml',
  'application/json',
  'application/rtf',
  'application/vnd.ms-excel',
  'application/msword',
  'application/vnd.ms-powerpoint',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  'application/vnd.oasis.opendocument.text',
  'application/vnd.oasis.opendocument.spreadsheet',
  'application/vnd.oasis.opendocument.presentation',
];
