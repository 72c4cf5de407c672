import { PasskeyError, passkeyErrorOf } from './passkey-error.ts';
import type { components } from './schema.ts';

type Schemas = components['schemas'];
export type PasskeyCreationOptions = Schemas['PasskeyCreationOptions'];
export type PasskeyRequestOptions = Schemas['PasskeyRequestOptions'];
export type PasskeyAttestation = Schemas['PasskeyAttestation'];
export type PasskeyAssertion = Schemas['PasskeyAssertion'];

/** The parts of Web Authentication Level 3 that are used here. React Native and Node.js lack them. */
interface Credential<Response> {
  readonly id: string;
  readonly rawId: ArrayBuffer;
  readonly response: Response & { readonly clientDataJSON: ArrayBuffer };
}
type NewCredential = Credential<{
  readonly attestationObject: ArrayBuffer;
  getTransports?(): string[];
}>;
type UsedCredential = Credential<{
  readonly authenticatorData: ArrayBuffer;
  readonly signature: ArrayBuffer;
  readonly userHandle: ArrayBuffer | null;
}>;
declare const navigator:
  | {
      readonly credentials?: {
        create(options: unknown): Promise<NewCredential | null>;
        get(options: unknown): Promise<UsedCredential | null>;
      };
    }
  | undefined;
declare const PublicKeyCredential: { isConditionalMediationAvailable?(): Promise<boolean> } | undefined;

/** Tells whether the browser has passkeys. It has none on a page of plain http, but for localhost. */
export function hasPasskeys(): boolean {
  return credentials() !== undefined;
}

/** Tells whether the browser lists passkeys in the field of a sign-in form. */
export async function hasPasskeyList(): Promise<boolean> {
  if (credentials() === undefined || typeof PublicKeyCredential === 'undefined') return false;
  return (await PublicKeyCredential.isConditionalMediationAvailable?.()) ?? false;
}

/** A request to the browser. */
export interface PromptOptions {
  /** `conditional`: the browser shows no dialog, but lists the passkeys in the field of a form. */
  readonly mediation?: 'conditional';
  readonly signal?: AbortSignal;
}

/**
 * Creates a passkey: `navigator.credentials.create()`.
 *
 * @returns what the service takes as `passkey`
 * @throws {PasskeyError}
 */
export async function createPasskey(
  options: PasskeyCreationOptions,
  prompt: Pick<PromptOptions, 'signal'> = {},
): Promise<PasskeyAttestation> {
  const { challenge, user, excludeCredentials } = options;
  const publicKey = {
    ...options,
    challenge: bytesOf(challenge),
    user: { ...user, id: bytesOf(user.id) },
    excludeCredentials: excludeCredentials.map(withBytes),
  };
  const credential = await ask((all) => all.create({ publicKey, ...prompt }), prompt);
  const { response } = credential;
  const { clientDataJSON, attestationObject } = response;
  return {
    ...membersOf(credential),
    response: {
      clientDataJSON: textOf(clientDataJSON),
      attestationObject: textOf(attestationObject),
      transports: response.getTransports?.() ?? [],
    },
  };
}

/**
 * Uses a passkey: `navigator.credentials.get()`.
 *
 * @returns what the service takes as `passkey`
 * @throws {PasskeyError}
 */
export async function usePasskey(
  options: PasskeyRequestOptions,
  prompt: PromptOptions = {},
): Promise<PasskeyAssertion> {
  const { challenge, allowCredentials = [] } = options;
  const publicKey = {
    ...options,
    challenge: bytesOf(challenge),
    allowCredentials: allowCredentials.map(withBytes),
  };
  const credential = await ask((all) => all.get({ publicKey, ...prompt }), prompt);
  const { clientDataJSON, authenticatorData, signature, userHandle } = credential.response;
  return {
    ...membersOf(credential),
    response: {
      clientDataJSON: textOf(clientDataJSON),
      authenticatorData: textOf(authenticatorData),
      signature: textOf(signature),
      ...(userHandle !== null && { userHandle: textOf(userHandle) }),
    },
  };
}

type Credentials = NonNullable<NonNullable<typeof navigator>['credentials']>;

function credentials(): Credentials | undefined {
  if (typeof navigator === 'undefined' || typeof PublicKeyCredential === 'undefined') return undefined;
  return navigator.credentials;
}

async function ask<Answer>(
  show: (all: Credentials) => Promise<Answer | null>,
  { signal }: PromptOptions,
): Promise<Answer> {
  const all = credentials();
  if (all === undefined) throw new PasskeyError('not-supported');
  const answer = await show(all).catch((error: unknown) => {
    // The error is the reason of the signal, which may be anything.
    throw signal?.aborted ? new PasskeyError('aborted', error) : passkeyErrorOf(error);
  });
  if (answer === null) throw new PasskeyError('failed');
  return answer;
}

// Own conversion in place of `toJSON()`, which not every browser and password manager has, and which has members
// that the service does not take.
function membersOf({ id, rawId }: Pick<Credential<unknown>, 'id' | 'rawId'>) {
  return { id, rawId: textOf(rawId), type: 'public-key' } as const;
}

function withBytes<Descriptor extends { readonly id: string }>(descriptor: Descriptor) {
  return { ...descriptor, id: bytesOf(descriptor.id) };
}

/** Reads base64url (RFC 4648 section 5). */
function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
}

/** Writes base64url without padding. */
function textOf(bytes: ArrayBuffer): string {
  const binary = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
