import { readFile } from 'node:fs/promises';
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import type { SchemaEngine } from '@prisma/schema-engine-wasm';
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg';
import { loadOnce } from '../../lib/load-once.ts';

/**
 * Part of WebAssembly that is used here. The types of ES2023 and of Node.js lack it, and the DOM's types
 * would add the whole browser.
 */
declare namespace WebAssembly {
  function instantiate(
    bytes: Uint8Array,
    imports: Record<string, Record<string, unknown>>,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>;
}

/** Tables that Prisma ignores: none. The engine needs the list in every call. */
export const noFilter = { externalTables: [], externalEnums: [] };

/**
 * Runs work with Prisma's schema engine (WebAssembly) on a database. Loading it costs about 250 ms and 40 MB,
 * so import this file only when it is needed.
 *
 * @param factory its connections are closed afterwards
 */
export async function withSchemaEngine<T>(
  factory: SqlMigrationAwareDriverAdapterFactory,
  work: (engine: SchemaEngine) => Promise<T>,
): Promise<T> {
  await load();
  const connections: SqlDriverAdapter[] = [];
  const recording = bindMigrationAwareSqlAdapterFactory({
    provider: factory.provider,
    adapterName: factory.adapterName,
    connectToShadowDb: () => factory.connectToShadowDb(),
    connect: async () => {
      const connection = await factory.connect();
      connections.push(connection);
      return connection;
    },
  });
  try {
    const engine = await glue.SchemaEngine.new({ datamodels: undefined }, () => {}, recording);
    try {
      return await work(engine);
    } finally {
      engine.free();
    }
  } finally {
    // free() does not close its connection, which would leave SQLite locked.
    await Promise.all(connections.map((connection) => connection.dispose()));
  }
}

/**
 * Loads the WebAssembly module. The package's entry leaves this to bundlers, because Node.js 22 cannot import
 * .wasm files.
 */
const load = loadOnce(async (): Promise<void> => {
  const specifier = '@prisma/schema-engine-wasm/schema_engine_bg';
  const bytes = await readFile(new URL('schema_engine_bg.wasm', import.meta.resolve(specifier)));
  const { instance } = await WebAssembly.instantiate(bytes, {
    './schema_engine_bg.js': { ...glue, ...quietTimers() },
  });
  glue.__wbg_set_wasm(instance.exports);
  const start = instance.exports.__wbindgen_start;
  if (typeof start !== 'function') throw new Error('the schema engine has no __wbindgen_start');
  start();
});

/**
 * Makes the engine's timers not keep the process alive. The timeout of its lock, ten seconds, outlives the
 * engine and would delay the end of a command.
 */
function quietTimers(): Record<string, unknown> {
  const quiet = (callback: () => void, milliseconds: number) => setTimeout(callback, milliseconds).unref();
  const names = Object.keys(glue).filter((name) => name.startsWith('__wbg_setTimeout_'));
  return Object.fromEntries(names.map((name) => [name, quiet]));
}
