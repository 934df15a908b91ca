interface FormPart {
  readonly name: string;
  readonly value: string;
  readonly filename?: string;
}

/** A multipart form as a browser sends it, its parts in this order. */
export function aForm(parts: readonly FormPart[]) {
  const boundary = 'boundary-of-the-form';
  const part = ({ name, value, filename }: FormPart) => {
    const file = filename === undefined ? '' : `; filename="${filename}"\r\nContent-Type: text/csv`;
    return `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n${value}\r\n`;
  };
  return {
    payload: `${parts.map(part).join('')}--${boundary}--\r\n`,
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  };
}
