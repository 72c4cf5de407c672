import { PasskeyError } from './passkey-error.ts';
import { type Asked, PasskeyPrompts } from './passkey-prompts.ts';
import type { Body } from './requests.ts';
import type { SignInParts } from './sign-in-parts.ts';
import {
  createPasskey,
  hasPasskeyList,
  hasPasskeys,
  type PasskeyAssertion,
  type PasskeyCreationOptions,
  type PasskeyRequestOptions,
  type PromptOptions,
  usePasskey,
} from './webauthn.ts';

export interface PasskeySignIn extends PromptOptions {
  /** The highest access level of the tokens. */
  readonly access?: Body<'signInWithPasskey'>['access'];
}

export interface PasskeyToAdd {
  /** The name by which its owner knows it. */
  readonly name?: string;
  /**
   * Asks the user for the code that was mailed; undefined cancels. Called only where the first passkey of an
   * account takes such a code.
   */
  readonly mailCode?: () => Promise<string | undefined>;
}

/**
 * The members of the client for passkeys. Each gets the options from the service, asks the browser, and sends what
 * that gives. The `error` of a result is the problem of the service, or a `PasskeyError` when the browser has given
 * no passkey. As the other members, they throw when the service cannot be reached.
 */
export function passkeyMembers({ ready, api, fetch, kind, takeOver, isSignedIn }: SignInParts) {
  const prompts = new PasskeyPrompts();
  const use = (options: PasskeyRequestOptions) => usePasskey(options);
  const create = (options: PasskeyCreationOptions) => createPasskey(options);

  return {
    /** Tells whether the browser has passkeys. */
    passkeysAvailable: hasPasskeys,
    /** Tells whether the browser lists passkeys in a field, as `mediation: 'conditional'` asks it to. */
    passkeyListAvailable: hasPasskeyList,

    /**
     * Signs in with a passkey: with a dialog of the browser, or with `mediation: 'conditional'` from the list that
     * it shows in a field with `autocomplete="username webauthn"`. The list stays until a passkey is chosen,
     * a user has signed in, or the signal is aborted.
     */
    async signInWithPasskey({ access, mediation, signal }: PasskeySignIn = {}) {
      await ready;
      const prompt = { ...(signal !== undefined && { signal }) };
      const request = () => api.POST('/login/passkey/options', { fetch });
      const send = async (passkey: PasskeyAssertion) => {
        const body = { passkey, ...kind, ...(access !== undefined && { access }) };
        return takeOver(await api.POST('/login/passkey', { body, fetch }));
      };
      if (mediation === undefined)
        return prompts.dialog(request(), (options) => usePasskey(options, prompt), send);
      const given = await prompts.list(request, { signal, isOver: isSignedIn });
      return 'passkey' in given ? send(given.passkey) : given;
    },

    /** Ends a sign-in that was answered with `second-factor-required`, where its `methods` have `passkey`. */
    async provideSecondFactorWithPasskey({ challenge }: Pick<Body<'provideSecondFactor'>, 'challenge'>) {
      await ready;
      const request = api.POST('/login/second-factor/options', { body: { challenge }, fetch });
      return prompts.dialog(request, use, async (passkey) =>
        takeOver(await api.POST('/login/second-factor', { body: { challenge, passkey }, fetch })),
      );
    },

    /** Proves once more who the user is, and both factors. */
    async reauthenticateWithPasskey() {
      const request = api.POST('/me/reauthenticate/options');
      return prompts.dialog(request, use, (passkey) => api.POST('/me/reauthenticate', { body: { passkey } }));
    },

    /**
     * Registers a user who has a passkey in place of a password. Where a mail is sent, its token goes to
     * `verifyWithPasskey`; else the user can sign in at once.
     */
    async registerWithPasskey(user: Pick<Body<'registerUser'>, 'name' | 'email'>) {
      const request = api.POST('/register/passkey/options', { body: user, fetch });
      return prompts.dialog(request, create, (passkey) =>
        api.POST('/register', { body: { ...user, passkey }, fetch }),
      );
    },

    /** Confirms the address of a registration with its passkey. @param token of the mail */
    async verifyWithPasskey(token: string) {
      const request = api.POST('/email/verify/options', { body: { token }, fetch });
      return prompts.dialog(request, use, (passkey) =>
        api.POST('/email/verify', { body: { token, passkey }, fetch }),
      );
    },

    /** Accepts an invitation with a passkey in place of a password. Then the user can sign in. */
    async acceptInvitationWithPasskey(accepted: Omit<Body<'acceptInvitation'>, 'password' | 'passkey'>) {
      const request = api.POST('/invitations/accept/options', { body: accepted, fetch });
      return prompts.dialog(request, create, (passkey) =>
        api.POST('/invitations/accept', { body: { ...accepted, passkey }, fetch }),
      );
    },

    /** Adds a passkey to the user's account. @returns `data.recoveryCodes` when there were none */
    async addPasskey({ name, mailCode }: PasskeyToAdd = {}) {
      const { data, error, response } = await api.POST('/me/passkeys/options');
      if (data === undefined) return { error, response };
      const code = data.mailCodeRequired ? await mailCode?.() : undefined;
      if (data.mailCodeRequired && code === undefined)
        return { error: new PasskeyError(mailCode === undefined ? 'mail-code-required' : 'cancelled') };
      const body = { ...(name !== undefined && { name }), ...(code !== undefined && { mailCode: code }) };
      const asked: Asked<PasskeyCreationOptions, never> = { data: data.options, response };
      return prompts.dialog(Promise.resolve(asked), create, (passkey) =>
        api.POST('/me/passkeys', { body: { passkey, ...body } }),
      );
    },
  };
}
