import buildSerializerFactory from '@fastify/fast-json-stringify-compiler';
import { shareCompiled } from './compiled-schemas.ts';

/** Builds the serializers of the answers, as Fastify does by default. Equal answers share one. */
export const buildSerializer = shareCompiled(buildSerializerFactory(), ({ schema }) => [schema]);
