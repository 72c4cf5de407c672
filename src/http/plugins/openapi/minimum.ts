import type { RouteOptions } from 'fastify';
import type { Declaration } from '../../../access/declaration.ts';
import type { Factors } from '../../../access/guard.ts';
import type { AccessLevels } from '../../../access/levels.ts';

const MINUTE_SECONDS = 60;

/**
 * Begins the description of an operation with its access, in words: `x-minimum-access`, `x-max-age` and
 * `x-factors` are extensions, which most pages do not show.
 */
export function describeAccess(
  description: string | undefined,
  { config }: RouteOptions,
  { minimum, maxAge, factors, session }: Declaration,
  levels: AccessLevels,
): string {
  const sentences = [
    minimum === null ? describePublic(config?.token === 'optional') : describeMinimum(minimum, levels),
    ...(session && minimum !== null ? ['It needs a session: API keys are refused.'] : []),
    ...(factors === 1 ? [] : ['The session needs two factors.']),
    ...(maxAge === null ? [] : [`The sign-in may be at most ${ageOf(maxAge)} old.`]),
  ];
  return [sentences.join(' '), ...(description === undefined ? [] : [description])].join('\n\n');
}

/**
 * Tells whether an operation may answer `two-factors-required`. SECOND_FACTOR_FROM can ask for a second
 * factor at every level above guest, and the contract is the same for every configuration.
 */
export function mayNeedTwoFactors(minimum: number | null, factors: Factors): boolean {
  return factors === 2 || (minimum !== null && minimum > 0);
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
  if (seconds === MINUTE_SECONDS) return '1 minute';
  return seconds % MINUTE_SECONDS === 0 ? `${seconds / MINUTE_SECONDS} minutes` : `${seconds} seconds`;
}
