/** A WebAuthn authenticator in software, whose answers tests can alter. */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isoCBOR } from '@simplewebauthn/server/helpers';
import type { AccountsContext } from '#latchkey/accounts/context.ts';
import type { PasskeyAssertion, PasskeyAttestation } from '#latchkey/accounts/passkeys/credential.schemas.ts';
import type { PasskeyCreationOptions, PasskeyRequestOptions } from '#latchkey/accounts/passkeys/schemas.ts';
import type { Api } from '../helper.ts';

/** The names that passkeys of `startApi` are bound to. */
export const RP_ID = 'latchkey.test';
export const ORIGIN = 'https://latchkey.test';

/** WebAuthn Level 3 section 6.1: the flags of authenticator data. */
const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;
const BACKUP_ELIGIBLE = 0x08;
const BACKED_UP = 0x10;
const HAS_CREDENTIAL = 0x40;

/** What an answer says that differs from an honest one. */
export interface Lie {
  readonly origin?: string;
  readonly rpId?: string;
  readonly type?: string;
  readonly challenge?: string;
  readonly crossOrigin?: boolean;
  readonly topOrigin?: string;
  readonly userHandle?: string | null;
  readonly isVerified?: boolean;
  readonly isPresent?: boolean;
  readonly counter?: number;
  /** Signs with another key. */
  readonly key?: KeyObject;
  readonly format?: string;
  readonly statement?: Map<string, unknown>;
}

export interface AuthenticatorOptions {
  /** Whether the passkey may be copied to other devices. */
  readonly isSynced?: boolean;
  /** Whether it verifies its user. */
  readonly verifiesUser?: boolean;
  /** Whether it counts its signatures. */
  readonly counts?: boolean;
  /** The COSE algorithm that its key names; ES256 by default. */
  readonly algorithm?: number;
}

/** An authenticator with one passkey (ES256). */
export class Authenticator {
  readonly credentialId = randomBytes(32).toString('base64url');
  readonly #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly #options: AuthenticatorOptions;
  #counter = 0;
  #userHandle = '';

  constructor(options: AuthenticatorOptions = {}) {
    this.#options = options;
  }

  /** Answers the options of `navigator.credentials.create()`. */
  create(options: PasskeyCreationOptions, lie: Lie = {}): PasskeyAttestation {
    this.#userHandle = options.user.id;
    const clientDataJSON = this.#clientData('webauthn.create', options.challenge, lie);
    const authData = Buffer.concat([this.#head(HAS_CREDENTIAL, lie), this.#credential()]);
    const attestation = new Map<string, unknown>([
      ['fmt', lie.format ?? 'none'],
      ['attStmt', lie.statement ?? new Map()],
      ['authData', new Uint8Array(authData)],
    ]);
    // biome-ignore lint/suspicious/noExplicitAny: the encoder takes what the map has
    const attestationObject = Buffer.from(isoCBOR.encode(attestation as any)).toString('base64url');
    return { ...this.#members(), response: { clientDataJSON, attestationObject, transports: ['internal'] } };
  }

  /** Answers the options of `navigator.credentials.get()`. */
  get(options: Pick<PasskeyRequestOptions, 'challenge'>, lie: Lie = {}): PasskeyAssertion {
    const clientDataJSON = this.#clientData('webauthn.get', options.challenge, lie);
    if (this.#options.counts) this.#counter++;
    const authData = this.#head(0, lie);
    const hash = createHash('sha256').update(Buffer.from(clientDataJSON, 'base64url')).digest();
    const signature = sign('sha256', Buffer.concat([authData, hash]), lie.key ?? this.#keys.privateKey);
    const userHandle = lie.userHandle === undefined ? this.#userHandle : lie.userHandle;
    return {
      ...this.#members(),
      response: {
        clientDataJSON,
        authenticatorData: authData.toString('base64url'),
        signature: signature.toString('base64url'),
        ...(userHandle !== null && { userHandle }),
      },
    };
  }

  #members() {
    const { credentialId: id } = this;
    return { id, rawId: id, type: 'public-key', clientExtensionResults: {} } as const;
  }

  #clientData(type: string, challenge: string, lie: Lie): string {
    const { origin = ORIGIN, crossOrigin = false, topOrigin } = lie;
    const data = { type: lie.type ?? type, challenge: lie.challenge ?? challenge, origin, crossOrigin };
    const text = JSON.stringify({ ...data, ...(topOrigin !== undefined && { topOrigin }) });
    return Buffer.from(text).toString('base64url');
  }

  /** Hash of the RP ID, flags and counter. */
  #head(flags: number, { rpId = RP_ID, isPresent = true, isVerified, counter }: Lie): Buffer {
    const { isSynced = true, verifiesUser = true } = this.#options;
    const head = Buffer.alloc(37);
    createHash('sha256').update(rpId).digest().copy(head);
    head[32] =
      flags |
      (isPresent ? USER_PRESENT : 0) |
      ((isVerified ?? verifiesUser) ? USER_VERIFIED : 0) |
      (isSynced ? BACKUP_ELIGIBLE | BACKED_UP : 0);
    head.writeUInt32BE(counter ?? this.#counter, 33);
    return head;
  }

  /** AAGUID, id and COSE key of the credential (RFC 9053 section 7.1.1). */
  #credential(): Buffer {
    const { x = '', y = '' } = this.#keys.publicKey.export({ format: 'jwk' });
    const key = new Map<number, number | Uint8Array>([
      [1, 2],
      [3, this.#options.algorithm ?? -7],
      [-1, 1],
      [-2, new Uint8Array(Buffer.from(x, 'base64url'))],
      [-3, new Uint8Array(Buffer.from(y, 'base64url'))],
    ]);
    const id = Buffer.from(this.credentialId, 'base64url');
    const length = Buffer.alloc(2);
    length.writeUInt16BE(id.length);
    return Buffer.concat([Buffer.alloc(16), length, id, Buffer.from(isoCBOR.encode(key))]);
  }

  /** The COSE key, in base64url, as it is stored. */
  get publicKey(): string {
    return this.#credential()
      .subarray(18 + Buffer.from(this.credentialId, 'base64url').length)
      .toString('base64url');
  }

  /** The authenticator has the passkey of this user, as after a registration. */
  belongsTo(userId: string): this {
    this.#userHandle = Buffer.from(userId).toString('base64url');
    return this;
  }
}

/** Gives an account a passkey, as a registration does. */
export function addPasskey(
  { app }: Pick<Api, 'app'>,
  userId: string,
  options: AuthenticatorOptions = {},
): Promise<Authenticator> {
  return addPasskeyTo(app.accounts, userId, options);
}

/** Gives an account of any database a passkey. */
export async function addPasskeyTo(
  { db, now }: Pick<AccountsContext, 'db' | 'now'>,
  userId: string,
  options: AuthenticatorOptions = {},
): Promise<Authenticator> {
  const authenticator = new Authenticator(options).belongsTo(userId);
  const createdAt = await now(db);
  await db.transaction(async (tx) => {
    await tx.passkey.create({
      data: {
        id: crypto.randomUUID(),
        credentialId: authenticator.credentialId,
        userId,
        name: 'Passkey',
        publicKey: authenticator.publicKey,
        counter: 0,
        transports: 'internal',
        backupEligible: options.isSynced ?? true,
        createdAt,
      },
    });
    await tx.user.update({ where: { id: userId }, data: { secondFactor: true } });
  });
  return authenticator;
}
