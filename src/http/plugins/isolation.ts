import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { BODY_LIMIT_BYTES } from '../limits.ts';
import { buildSerializer } from '../serializer.ts';
import { buildValidator } from '../validator.ts';
import { requestIdOf } from './request-id.ts';

/**
 * Gives the scope of the service its own parsers, validators, serializers, body limit and request ids, in the
 * place of the app's.
 *
 * @param options `isHosted`: true in a host app, which may have compilers of its own
 */
async function isolation(app: FastifyInstance, { isHosted }: { readonly isHosted: boolean }) {
  app.setGenReqId(requestIdOf);
  app.removeAllContentTypeParsers();
  app.addHook('onRoute', (route) => {
    route.bodyLimit ??= BODY_LIMIT_BYTES;
  });
  // Latchkey's own server has the validators already, for own routes too.
  if (!isHosted) return;
  let validator: ReturnType<typeof buildValidator> | undefined;
  let serializer: ReturnType<typeof buildSerializer> | undefined;
  // Built at the first route, when all shared schemas are there.
  app.setValidatorCompiler((part) => {
    validator ??= buildValidator(app.getSchemas());
    return validator(part);
  });
  app.setSerializerCompiler((part) => {
    serializer ??= buildSerializer(app.getSchemas());
    return serializer({ ...part, httpStatus: part.httpStatus ?? '' });
  });
}

export default fp(isolation, { name: 'latchkey-isolation', fastify: '5.x' });
