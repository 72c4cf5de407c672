import type { RouteOptions } from 'fastify';
import type { AccessLevels } from '../../../access/levels.ts';

const MINUTE_SECONDS = 60;

/**
 * Begins the description of an operation with its access, in words: `x-minimum-access` and `x-max-age` are
 * extensions, which most pages do not show.
 */
export function describeAccess(
  description: string | undefined,
  { config }: RouteOptions,
  minimum: number | null,
  levels: AccessLevels,
): string {
  const sentences = [
    minimum === null ? describePublic(config?.token === 'optional') : describeMinimum(minimum, levels),
    ...(config?.maxAge === undefined ? [] : [`The sign-in may be at most ${ageOf(config.maxAge)} old.`]),
  ];
  return [sentences.join(' '), ...(description === undefined ? [] : [description])].join('\n\n');
}

function describePublic(mayHaveToken: boolean): string {
  return mayHaveToken
    ? 'Public: an access token may be sent, but is not needed.'
    : 'Public: no access token is needed.';
}

function describeMinimum(minimum: number, levels: AccessLevels): string {
  if (minimum === 0) return 'Needs an access token of any level.';
  const name = levels.has(minimum) ? ` (\`${levels.nameOf(minimum)}\`)` : '';
  return `Needs an access token of level ${minimum}${name} or above.`;
}

function ageOf(seconds: number): string {
  return seconds % MINUTE_SECONDS === 0 ? `${seconds / MINUTE_SECONDS} minutes` : `${seconds} seconds`;
}
