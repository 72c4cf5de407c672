export type { InsufficientAuthentication, Reauthenticate } from './authorized-fetch.ts';
export { type Client, type ClientOptions, createClient, type OperationId } from './client.ts';
export { isProblem, type Problem, type ProblemSlug } from './problems.ts';
export type { components, operations, paths } from './schema.ts';
export type { AuthState } from './session.ts';
export { memoryStorage, type TokenStorage } from './storage.ts';
