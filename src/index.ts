export { claimsOf } from './access/caller.ts';
export { withAccess } from './access/declaration.ts';
export { type GuardOptions, requireAccess } from './access/guard.ts';
export { type GuardedRequest, guarded } from './access/guarded-route.ts';
export { type AppOptions, buildApp } from './app.ts';
export { type Config, ConfigError, parseConfig, readConfig } from './config/index.ts';
export { securitySchemes } from './http/plugins/openapi/host-document.ts';
export { default, type LatchkeyOptions } from './plugin.ts';
export type { OwnProblemTable } from './problems/own-problems.ts';
// `export *`, so that a `declare module 'latchkey'` can add members to OwnProblems.
export * from './problems/own-slugs.ts';
export { Problem, type ProblemExtras, problem } from './problems/problem.ts';
export type { Latchkey, NewUser, UserChange } from './service/latchkey.ts';
export type { AccessTokenClaims } from './tokens/claims.ts';
