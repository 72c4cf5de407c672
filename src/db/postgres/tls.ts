import { readFileSync } from 'node:fs';
import { codeOf } from '../../lib/error-code.ts';
import { DataError } from '../data-error.ts';

/** Parameters of a URL that name files, which the driver reads. */
const FILE_PARAMETERS = ['sslrootcert', 'sslcert', 'sslkey'] as const;

const PAGE = 'docs/operations/postgres-tls.md';

/** Messages of OpenSSL, Node.js and the driver, and what an operator does about each. */
const advice: readonly (readonly [RegExp, (variable: string) => string])[] = [
  [
    /self-signed certificate|unable to (verify the first|get (local )?issuer) certificate/i,
    (variable) =>
      `the CA of its certificate is not known here: add sslmode=verify-full&sslrootcert=/path/to/ca.crt to ${variable}, or name the file in NODE_EXTRA_CA_CERTS (${PAGE})`,
  ],
  [
    /Hostname\/IP does not match certificate/,
    (variable) => `${variable} must have a host name that is in the certificate (${PAGE})`,
  ],
  [/certificate has expired|certificate is not yet valid/, () => `renew it, or set the clock (${PAGE})`],
  [
    /server does not support SSL connections/,
    (variable) => `turn ssl on in Postgres, or take sslmode out of ${variable} (${PAGE})`,
  ],
];

/**
 * Adds what to do to the message of a failed TLS connection. Returns other messages unchanged.
 *
 * @param variable the name of the variable that has the URL
 */
export function withTlsAdvice(message: string, variable = 'DATABASE_URL'): string {
  const [, advise] = advice.find(([pattern]) => pattern.test(message)) ?? [];
  return advise === undefined ? message : `${message}; ${advise(variable)}`;
}

/**
 * Checks the TLS parameters of a URL. Without this check, the first connection would fail, with a stack or
 * with a message that names no parameter.
 *
 * @throws {DataError} when a certificate file cannot be read, or `verify-ca` of libpq has none
 */
export function checkTlsParameters({ searchParams }: URL): void {
  const isLibpq = searchParams.get('uselibpqcompat') === 'true';
  if (isLibpq && searchParams.get('sslmode') === 'verify-ca' && !searchParams.get('sslrootcert'))
    throw new DataError(
      `sslmode=verify-ca in the database's URL needs sslrootcert, the path of the CA's PEM file (${PAGE})`,
    );
  for (const name of FILE_PARAMETERS) {
    const path = searchParams.get(name);
    if (path === null || path === '') continue;
    try {
      readFileSync(path);
    } catch (error) {
      throw new DataError(
        `${name} of the database's URL names ${path}, which cannot be read (${codeOf(error)}): give the path of a PEM file (${PAGE})`,
        { cause: error },
      );
    }
  }
}
