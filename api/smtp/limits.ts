/** Maximum bytes of one report, by SMTP and by HTTP. */
export const LARGEST_REPORT = 1024 * 1024;
