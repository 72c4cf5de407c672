import { setImmediate as nextTurn } from 'node:timers/promises';
import { SerializerSelector } from '@fastify/fast-json-stringify-compiler';
import { Ajv, type ValidateFunction } from 'ajv';
import type { FastifyInstance } from 'fastify';
import { buildValidator } from './validation.ts';

type ValidatorFactory = typeof buildValidator;
type SerializerFactory = ReturnType<typeof SerializerSelector>;

// Fastify's types ask for them, and nobody reads them.
const { schema, schemaEnv } = new Ajv({ meta: false, validateSchema: false }).compile(true);
const ajvMembers = { schema, schemaEnv, errors: null };

/**
 * Compiles the schema of a route's part when it is first needed, or when nothing else is to be done after the service listens.
 * All at once they would take a quarter of the start.
 */
export class SchemaCompilers {
  readonly #waiting: (() => void)[] = [];

  /** For Fastify's `schemaController`. */
  readonly factories = {
    buildValidator: (...options: Parameters<ValidatorFactory>) => {
      const build = buildValidator(...options);
      return (part: Parameters<typeof build>[0]) => this.#validator(() => build(part));
    },
    buildSerializer: (...options: Parameters<SerializerFactory>) => {
      const build = this.#once(() => SerializerSelector()(...options));
      return (part: Parameters<ReturnType<SerializerFactory>>[0]) => {
        const serialize = this.#once(() => build()(part));
        return (data: unknown) => serialize()(data);
      };
    },
  };

  /** Compiles what nobody needed yet, one after the other between requests. What cannot be compiled is logged; its route answers 500. */
  async compileAll(log: FastifyInstance['log']): Promise<void> {
    for (const compile of this.#waiting.splice(0)) {
      await nextTurn();
      try {
        compile();
      } catch (error) {
        log.error({ err: error }, 'A schema of a route cannot be compiled');
      }
    }
  }

  /** Fastify reads from the validator itself what it found. */
  #validator(compile: () => ValidateFunction): ValidateFunction {
    const compiled = this.#once(compile);
    const validator: ValidateFunction = Object.assign((data: unknown): data is unknown => {
      const validate = compiled();
      const isValid = validate(data);
      validator.errors = validate.errors ?? null;
      return isValid;
    }, ajvMembers);
    return validator;
  }

  #once<T>(make: () => T): () => T {
    let made: T | undefined;
    const get = () => {
      made ??= make();
      return made;
    };
    this.#waiting.push(get);
    return get;
  }
}
