export type { InsufficientAuthentication, Reauthenticate } from './authorized-fetch.ts';
export { type Client, type ClientOptions, createClient, type OperationId } from './client.ts';
export { PasskeyError, type PasskeyErrorReason } from './passkey-error.ts';
export type { PasskeySignIn, PasskeyToAdd } from './passkeys.ts';
export { isProblem, type Problem, type ProblemSlug } from './problems.ts';
export type { components, operations, paths } from './schema.ts';
export type { AuthState } from './session.ts';
export { memoryStorage, type TokenStorage } from './storage.ts';
export { createPasskey, type PromptOptions, usePasskey } from './webauthn.ts';
