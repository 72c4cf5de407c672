import {
  DriverAdapterError,
  type SqlDriverAdapter,
  type SqlDriverAdapterFactory,
} from '@prisma/driver-adapter-utils';
import { wrapAdapter } from './wrap.ts';

export interface SingleConnectionFactory extends SqlDriverAdapterFactory {
  close(): Promise<void>;
}

/**
 * One adapter for all who connect: on SQLite, it is one connection, for which they wait their turn. After `$disconnect`, Prisma
 * connects again at the next query; a factory that is closed no longer does.
 *
 * @param release frees what adapters have in common
 */
export function singleConnection(
  factory: SqlDriverAdapterFactory,
  release?: () => Promise<void>,
): SingleConnectionFactory {
  let closed = false;
  let current: Promise<SqlDriverAdapter> | undefined;
  const open = (): Promise<SqlDriverAdapter> => {
    const forget = () => {
      if (current === opening) current = undefined;
    };
    const opening = factory.connect().then(
      (adapter) => {
        const dispose = () => {
          forget();
          return adapter.dispose();
        };
        return wrapAdapter(adapter, { dispose });
      },
      (error: unknown) => {
        forget();
        throw error;
      },
    );
    return opening;
  };
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => {
      if (closed) throw new DriverAdapterError({ kind: 'ConnectionClosed' });
      current ??= open();
      return current;
    },
    close: async () => {
      closed = true;
      // Where Prisma's client has never connected, it disposes of nothing.
      const adapter = await current?.catch(() => undefined);
      await adapter?.dispose();
      await release?.();
    },
  };
}
