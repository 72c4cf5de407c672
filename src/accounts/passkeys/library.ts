import { loadOnce } from '../../lib/load-once.ts';

/** Loads the WebAuthn library at the first use: it takes longer than the rest of the start. */
export const loadWebAuthn = loadOnce(async () => {
  const [{ verifyRegistrationResponse, verifyAuthenticationResponse }, { decodeAttestationObject }] =
    await Promise.all([import('@simplewebauthn/server'), import('@simplewebauthn/server/helpers')]);
  return { verifyRegistrationResponse, verifyAuthenticationResponse, decodeAttestationObject };
});

/** COSE algorithms of passkeys: EdDSA, ES256 and RS256, which every authenticator has one of. */
export const ALGORITHMS = [-8, -7, -257];
