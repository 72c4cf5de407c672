import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';
import { once } from '../../lib/once.ts';
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
  // Built at the first route, when all shared schemas are there.
  const validator = once(() => buildValidator(app.getSchemas()));
  const serializer = once(() => buildSerializer(app.getSchemas()));
  app.setValidatorCompiler((part) => validator()(part));
  app.setSerializerCompiler((part) => serializer()({ ...part, httpStatus: part.httpStatus ?? '' }));
}

export default fp(isolation, { name: 'latchkey-isolation', fastify: '5.x' });
