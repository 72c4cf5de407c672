import type { Body } from './requests.ts';
import type { SignInParts } from './sign-in-parts.ts';

/** The members of the client for a sign-in with a code that is mailed. */
export function mailCodeMembers({ ready, api, fetch, kind, takeOver }: SignInParts) {
  return {
    /** Asks for a mail with a code. @returns `data.flow`, which the code is good for */
    requestMailCode: (body: Body<'requestMailCode'>) => api.POST('/login/email', { body, fetch }),

    /** Signs in with the code of the mail. @returns `error` as `signIn` */
    async signInWithMailCode(given: Omit<Body<'signInWithMailCode'>, 'session'>) {
      await ready;
      const body = { ...given, ...kind };
      return takeOver(await api.POST('/login/email/verify', { body, fetch }));
    },
  };
}
