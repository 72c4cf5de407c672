import { readFile } from 'node:fs/promises';
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlDriverAdapter,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import type { SchemaEngine } from '@prisma/schema-engine-wasm';
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg';
import { loadOnce } from '../../lib/load-once.ts';

/** The part of WebAssembly that is used here: neither ES2023's nor Node's types have it, and DOM's bring the whole browser. */
declare namespace WebAssembly {
  function instantiate(
    bytes: Uint8Array,
    imports: Record<string, Record<string, unknown>>,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>;
}

/** Which tables Prisma leaves alone: none. The engine asks for the list in every call. */
export const noFilter = { externalTables: [], externalEnums: [] };

/**
 * Runs work with Prisma's schema engine (WebAssembly) on a database. Loading it costs some 250 ms and 40 MB, so import
 * this file only when there is something to do.
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
    // free() forgets its connection without closing it, which would leave SQLite locked.
    await Promise.all(connections.map((connection) => connection.dispose()));
  }
}

/** What the package's own entry leaves to bundlers, for Node 22 cannot import .wasm files. */
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

/** The ten seconds that the engine gives itself for its lock outlive it, and would keep a command from ending. */
function quietTimers(): Record<string, unknown> {
  const quiet = (callback: () => void, milliseconds: number) => setTimeout(callback, milliseconds).unref();
  const names = Object.keys(glue).filter((name) => name.startsWith('__wbg_setTimeout_'));
  return Object.fromEntries(names.map((name) => [name, quiet]));
}
