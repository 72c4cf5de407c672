import { isDriverAdapterError } from '@prisma/driver-adapter-utils';
import { withTlsAdvice } from './postgres/tls.ts';

/**
 * Describes the error of a raw statement in one sentence. The error's own message is often only the name of
 * its kind; Prisma's client would have made a sentence of it.
 *
 * @returns undefined for other errors
 */
export function describeDriverError(error: unknown): string | undefined {
  if (!(error instanceof Error && isDriverAdapterError(error))) return undefined;
  const { cause } = error;
  switch (cause.kind) {
    case 'DatabaseNotReachable':
      return `Can't reach database server at ${cause.host ?? '(no host)'}:${cause.port ?? '(no port)'}`;
    case 'AuthenticationFailed':
      return `The password of the database user ${cause.user ?? ''} is wrong, or there is no such user`;
    case 'DatabaseDoesNotExist':
      return `There is no database ${cause.db ?? ''} on the server`;
    case 'DatabaseAccessDenied':
      return `The user may not use the database ${cause.db ?? ''}`;
    case 'ConnectionClosed':
      return 'The connection to the database was closed';
    case 'SocketTimeout':
      return 'The database did not answer in time';
    case 'TooManyConnections':
      return cause.cause;
    case 'TlsConnectionError':
      return withTlsAdvice(cause.reason);
    default:
      return cause.originalMessage ?? error.message;
  }
}
