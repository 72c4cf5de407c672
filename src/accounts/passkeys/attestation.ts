import type { RelyingPartyRules } from '../../config/index.ts';
import type { ColumnsOf } from '../../db/client.ts';
import { Problem } from '../../problems/problem.ts';
import type { Ceremony } from '../../tokens/passkey-challenges.ts';
import type { AccountsContext } from '../context.ts';
import { useChallenge } from './client-data.ts';
import type { PasskeyAttestation } from './credential.schemas.ts';
import { ALGORITHMS, loadWebAuthn } from './library.ts';
import { requirePasskeys } from './relying-party.ts';

/** A new passkey that was verified, as its columns. */
export interface NewPasskey
  extends Pick<
    ColumnsOf<'Passkey'>,
    'credentialId' | 'publicKey' | 'counter' | 'transports' | 'backupEligible'
  > {
  /** The id of the challenge: that of an account to be. */
  readonly challengeId: string;
  /** The challenge as it was sent: that of a mailed code. */
  readonly challenge: string;
  readonly userVerified: boolean;
}

/**
 * Verifies a new passkey. Its challenge is used up.
 *
 * @param requiresUser whether the authenticator must have verified its user
 * @throws {Problem} `passkey-invalid`; `passkeys-not-available`
 */
export async function verifyAttestation(
  context: AccountsContext,
  response: PasskeyAttestation,
  ceremony: Ceremony,
  { requiresUser }: { readonly requiresUser: boolean },
): Promise<NewPasskey> {
  const rules = requirePasskeys(context);
  const { clientDataJSON } = response.response;
  const challenge = await useChallenge(context, rules, clientDataJSON, { type: 'webauthn.create', ceremony });
  if (challenge === undefined) throw new Problem('passkey-invalid');
  const verified = await verify(rules, response, requiresUser);
  if (verified === undefined) throw new Problem('passkey-invalid');
  return { ...verified, challengeId: challenge.id, challenge: challenge.text };
}

/** @returns undefined when the library refuses it, or cannot read it */
async function verify(
  { rpId, origins }: RelyingPartyRules,
  { id, rawId, type, response }: PasskeyAttestation,
  requireUserVerification: boolean,
): Promise<Omit<NewPasskey, 'challengeId' | 'challenge'> | undefined> {
  const { verifyRegistrationResponse, decodeAttestationObject } = await loadWebAuthn();
  try {
    const { clientDataJSON, attestationObject, transports = [] } = response;
    const attestation = decodeAttestationObject(Buffer.from(attestationObject, 'base64url'));
    if (!isWithoutCertificate(attestation)) return undefined;
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: {
        id,
        rawId,
        type,
        response: { clientDataJSON, attestationObject },
        clientExtensionResults: {},
      },
      // It was checked with the client data.
      expectedChallenge: () => true,
      expectedOrigin: [...origins],
      expectedRPID: rpId,
      requireUserVerification,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!verified) return undefined;
    const { credential, credentialDeviceType, userVerified } = registrationInfo;
    return {
      credentialId: credential.id,
      publicKey: Buffer.from(credential.publicKey).toString('base64url'),
      counter: credential.counter,
      transports: [...new Set(transports)].join(' '),
      backupEligible: credentialDeviceType === 'multiDevice',
      userVerified,
    };
  } catch {
    return undefined;
  }
}

/**
 * Tells whether an attestation names no certificates. The options ask for none. With one, the library would
 * open the URLs of revocation lists that the certificate names, which a stranger can write.
 */
function isWithoutCertificate(
  attestation: ReturnType<Awaited<ReturnType<typeof loadWebAuthn>>['decodeAttestationObject']>,
): boolean {
  const format = attestation.get('fmt');
  if (format === 'none') return true;
  return format === 'packed' && attestation.get('attStmt').get('x5c') === undefined;
}
