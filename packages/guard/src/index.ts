export type { Claims } from './claims.ts';
export type { Clocks } from './clocks.ts';
export { authorizationOf, createGuard, type Guard, type GuardOptions } from './guard.ts';
export type { Authorization } from './header.ts';
export type { Minimum, PinnedLevels } from './levels.ts';
export { GuardProblem, type GuardSlug, type ProblemBody } from './problem.ts';
export { metadataOf, metadataUrl } from './refusals.ts';
export type { Caller, KeyCaller, Rule } from './rule.ts';
