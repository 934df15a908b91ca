interface Shape {
  required?: readonly string[];
  readonly properties?: Readonly<Record<string, { readonly default?: unknown }>>;
}

interface Parameter {
  required?: boolean;
  readonly schema?: { readonly default?: unknown };
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {
    required?: boolean;
    readonly content?: Readonly<Record<string, { readonly schema?: Shape }>>;
  };
}

interface Document {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** Marks optional fields in the document: those with a default, and a body without required fields. */
export function markOptionalFields<T extends object>(document: T): T {
  const { paths = {} } = document as Document;
  for (const operation of Object.values(paths).flatMap((methods) => Object.values(methods))) {
    for (const parameter of operation.parameters ?? []) {
      if (parameter.schema?.default !== undefined) parameter.required = false;
    }
    const { requestBody } = operation;
    const schemas = Object.values(requestBody?.content ?? {}).flatMap(({ schema }) => schema ?? []);
    for (const schema of schemas) withoutDefaults(schema);
    const needed = schemas.some(({ required = [] }) => required.length > 0);
    if (requestBody !== undefined && !needed) requestBody.required = false;
  }
  return document;
}

function withoutDefaults(schema: Shape): void {
  if (schema.required === undefined) return;
  schema.required = schema.required.filter((name) => schema.properties?.[name]?.default === undefined);
}
