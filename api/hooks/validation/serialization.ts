import stringifier from 'fast-json-stringify';
import type { Api } from '../../api.js';
import { compileOnce } from './compile-once.js';

type Schema = Parameters<typeof stringifier>[0];

const compiledSerializer = compileOnce((schema: Exclude<Schema, string>) => stringifier(schema));

/** Writes answers as their schemas say, as Fastify itself would, but compiles a schema with the first answer of its kind. */
export function serializeResponsesBySchema(app: Api): void {
  app.setSerializerCompiler<Exclude<Schema, string>>(({ schema }) => {
    const serialize = compiledSerializer(schema);
    return (payload) => serialize()(payload);
  });
}
