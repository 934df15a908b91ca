import stringifier from 'fast-json-stringify';
import type { Api } from '../../api.js';
import { compileOnce } from './compile-once.js';

type Schema = Parameters<typeof stringifier>[0];

const compiledSerializer = compileOnce((schema: Exclude<Schema, string>) => stringifier(schema));

/** Serializes responses by their schemas, as Fastify does, but compiles a schema at its first response. */
export function serializeResponsesBySchema(app: Api): void {
  app.setSerializerCompiler<Exclude<Schema, string>>(({ schema }) => {
    const serialize = compiledSerializer(schema);
    return (payload) => serialize()(payload);
  });
}
