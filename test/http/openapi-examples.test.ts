/** Tests that the examples of the contract can be sent as they are: pages like /docs put them into forms. */
import t from 'tap';
import { operator } from '#latchkey/accounts/context.ts';
import { createServiceAccount } from '#latchkey/accounts/service-accounts/service-accounts.ts';
import { startApi } from '../helper.ts';
import { fillPath, operations } from '../operations.ts';

const api = await startApi(t, { SIGN_IN_METHODS: 'password,passkey,email' });

/**
 * Operations that need a token or a code of a mail, a challenge, a signature or a refresh token. No example
 * can be one.
 */
const needToken = [
  'verifyEmail',
  'requestVerificationPasskeyOptions',
  'stopEmailChange',
  'requestSecondFactorOptions',
  'provideSecondFactor',
  'resetPassword',
  'acceptInvitation',
  'requestAcceptancePasskeyOptions',
  'refreshSession',
  'signInWithPasskey',
  'signInWithMailCode',
];
/** Operations on what a request before has made. */
const needId = [
  'endSession',
  'resendInvitation',
  'revokeInvitation',
  'getApiKey',
  'endApiKey',
  'endUserApiKey',
  'endUserSession',
  'getServiceApiKey',
  'endServiceApiKey',
];
/** Operations on an authenticator, whose answer is the one of the moment. */
const needAuthenticator = [
  'confirmTotp',
  'deleteTotp',
  'renewRecoveryCodes',
  'requestReauthenticationOptions',
  'createPasskey',
  'getPasskey',
  'changePasskey',
  'deletePasskey',
];

t.test('A person registers and signs in with the examples, and gets tokens of the own level', async (t) => {
  const exampleOf = (id: string) => operations.find(({ operationId }) => operationId === id)?.body?.example;
  t.equal((await api.ask('POST', '/register', { body: exampleOf('registerUser') })).status, 201);
  await api.app.accounts.db.user.updateMany({ data: { access: 2 } });
  const { status, body } = await api.ask('POST', '/login', { body: exampleOf('signIn') });
  t.equal(status, 200);
  t.equal((await api.ask('GET', '/control-panel', { token: body.accessToken })).status, 200);
});

t.test('The example of each operation succeeds for a person of its minimum', async (t) => {
  const skipped = [...needToken, ...needId, ...needAuthenticator, 'registerUser', 'signIn'];
  for (const operation of operations.filter(({ operationId }) => !skipped.includes(operationId))) {
    const { operationId, method, minimum, parameters, body } = operation;
    const { token } = await api.person(minimum ?? 0);
    const service = { name: 'reports', access: 1 };
    const target = operation.path.startsWith('/service-accounts/')
      ? await createServiceAccount(api.app.accounts, operator, service)
      : await api.person(0);
    const path = parameters.find((parameter) => parameter.in === 'path');
    const url = new URL(fillPath(operation, String(path?.example ?? target.id)), 'http://latchkey.test');
    for (const { in: place, name, example } of parameters)
      if (place === 'query' && example !== undefined) url.searchParams.set(name, String(example));
    const headers = Object.fromEntries(
      parameters
        .filter((parameter) => parameter.in === 'header' && parameter.example !== undefined)
        .map(({ name, example }) => [name, String(example)]),
    );
    const needsToken = minimum !== null || operationId === 'signOut';
    const { status } = await api.ask(method, url.pathname + url.search, {
      ...(needsToken && { token }),
      ...(body !== undefined && { body: body.example }),
      headers,
    });
    t.ok(status < 300, `${operationId}: ${status}`);
  }
});

/** The members of the examples of bodies whose members depend on each other. */
const ownExamples: Readonly<Record<string, readonly string[]>> = {
  acceptInvitation: ['token', 'name', 'password'],
  changePassword: ['currentPassword', 'newPassword'],
  changeServiceAccount: ['name'],
  changeUser: ['name'],
  provideSecondFactor: ['challenge', 'code'],
  refreshSession: ['refreshToken'],
  registerUser: ['name', 'email', 'password'],
  renewAuthentication: ['password'],
  verifyEmail: ['token', 'password'],
};

t.test('Optional members, optional parameters and ids have no example in a request', async (t) => {
  for (const { operationId, parameters, body } of operations) {
    for (const { name, in: place, example, schema } of parameters)
      if (place !== 'path' || schema.format === 'uuid')
        t.equal(example, undefined, `${operationId}: ${name}`);
    const expected = ownExamples[operationId] ?? body?.schema.required ?? [];
    t.strictSame(Object.keys(body?.example ?? {}), expected, operationId);
  }
});

t.test('The description of each operation begins with its minimum, in words', async (t) => {
  const { body: document } = await api.ask('GET', '/openapi.json');
  const described = (path: string, method: string) => document.paths[path][method].description;
  t.match(described('/password/reset', 'post'), /^Public: no access token is needed\.$/);
  t.match(described('/logout', 'post'), /^Public: an access token may be sent, but is not needed\.\n\n/);
  t.match(described('/me', 'get'), /^Needs an access token of any level\.$/);
  t.match(described('/users', 'get'), /^Needs an access token of level 1 \(`user`\) or above\.\n\nOldest/);
  t.match(
    described('/users/{id}', 'delete'),
    /^Needs .* 2 \(`admin`\) or above\. The sign-in may be at most 15 minutes/,
  );
  for (const { operationId, path, method, minimum } of operations)
    t.match(
      described(path, method.toLowerCase()),
      minimum === null ? /^Public: / : /^Needs an access token of (any )?level/,
      operationId,
    );
});
