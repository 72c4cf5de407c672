/** The virtual authenticators of Chromium (WebDriver extension of Web Authentication Level 3 section 11). */
import type { Page } from 'playwright-core';

export interface AuthenticatorOptions {
  /** Whether it can verify its user, by a fingerprint or a PIN. */
  readonly verifiesUser?: boolean;
  /** Whether its passkeys may be copied to other devices. */
  readonly isSynced?: boolean;
}

export interface VirtualAuthenticator {
  /** The ids of its passkeys, in base64. */
  credentials(): Promise<readonly string[]>;
  /** Says whether somebody is there to touch it, and to choose from a list. Without, it waits. */
  setPresence(isPresent: boolean): Promise<void>;
  /** Says whether it knows who touches it: whether the finger or the PIN is right. */
  setUserVerified(isVerified: boolean): Promise<void>;
  remove(): Promise<void>;
}

/** Gives a tab an authenticator. */
export async function addAuthenticator(
  page: Page,
  { verifiesUser = true, isSynced = true }: AuthenticatorOptions = {},
): Promise<VirtualAuthenticator> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('WebAuthn.enable', { enableUI: false });
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: verifiesUser ? 'internal' : 'usb',
      // An old security key has no PIN, and keeps no list of its passkeys.
      hasResidentKey: verifiesUser,
      hasUserVerification: verifiesUser,
      isUserVerified: verifiesUser,
      automaticPresenceSimulation: true,
      defaultBackupEligibility: isSynced,
      defaultBackupState: isSynced,
    },
  });
  const ofThis = { authenticatorId };
  return {
    credentials: async () => {
      const { credentials } = await cdp.send('WebAuthn.getCredentials', ofThis);
      return credentials.map(({ credentialId }) => credentialId);
    },
    setPresence: async (enabled) => {
      await cdp.send('WebAuthn.setAutomaticPresenceSimulation', { ...ofThis, enabled });
    },
    setUserVerified: async (isUserVerified) => {
      await cdp.send('WebAuthn.setUserVerified', { ...ofThis, isUserVerified });
    },
    remove: async () => {
      await cdp.send('WebAuthn.removeVirtualAuthenticator', ofThis);
    },
  };
}
