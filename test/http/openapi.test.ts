/**
 * Tests the OpenAPI document: a generator must be able to use it without changes.
 *
 * @runs once, on SQLite: the document is the same.
 */
import { randomUUID } from 'node:crypto';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import t from 'tap';
import { declaration } from '#latchkey/access/declaration.ts';
import { type ProblemSlug, registry, slugs } from '#latchkey/problems/registry.ts';
import { startApi } from '../helper.ts';

interface Media {
  readonly schema: object;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { $ref: string }>>;
}
interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security: readonly object[];
  readonly 'x-minimum-access'?: number;
  readonly 'x-max-age'?: number;
  readonly 'x-session'?: boolean;
  readonly parameters?: readonly { name: string; in: string; schema: object; required: boolean }[];
  readonly requestBody?: { required: boolean; content: Record<string, Media> };
  readonly responses: Record<string, { description: string; content?: Record<string, Media> }>;
}
interface Document {
  readonly openapi: string;
  readonly tags: readonly { name: string }[];
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: {
    readonly schemas: Record<string, Record<string, unknown>>;
    readonly examples: Record<string, { value: { status: number } }>;
  };
}

const { app, ask, person } = await startApi(t);
const contract: Document = (await ask('GET', '/openapi.json')).body;
const operations = Object.entries(contract.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({
    path,
    method,
    operation,
    name: `${method.toUpperCase()} ${path}`,
  })),
);

const ajv = new Ajv2020({ strict: false, allErrors: true });
formats.default(ajv);
ajv.addSchema(contract, 'contract');

/** Lists the errors of a value in the words of the validator; empty for a valid value. */
function errorsOf(pointer: readonly string[], value: unknown): string {
  const check = ajv.getSchema(
    `contract#/${pointer.map((part) => encodeURIComponent(part.replaceAll('/', '~1'))).join('/')}`,
  );
  if (check === undefined) return `there is no ${pointer.join('/')}`;
  return check(value) ? '' : ajv.errorsText(check.errors);
}

const FORM = 'application/x-www-form-urlencoded';

t.test('The contract is a valid document of OpenAPI 3.1', async (t) => {
  const validator = new Validator();
  t.strictSame(await validator.validate(structuredClone({ ...contract })), { valid: true });
  t.equal(validator.version, '3.1');
  const { paths: _paths, ...incomplete } = structuredClone(contract);
  t.equal((await validator.validate({ ...incomplete, info: {} })).valid, false, 'the validator would say so');
});

t.test('Every operation has an id, a tag and a summary', async (t) => {
  const verbs = [
    ...['get', 'list', 'create', 'change', 'delete', 'register', 'sign', 'refresh', 'renew', 'end'],
    ...['verify', 'request', 'reset', 'invite', 'resend', 'revoke', 'accept', 'confirm', 'provide', 'stop'],
  ];
  const tags = contract.tags.map(({ name }) => name);
  for (const { name, operation } of operations) {
    t.match(operation.operationId, new RegExp(`^(${verbs.join('|')})[A-Z][A-Za-z]+$`), name);
    t.match(operation.summary, /^[A-Z].{5,}[^.]$/, name);
    t.equal(operation.tags.length, 1, name);
    t.ok(tags.includes(operation.tags[0] ?? ''), name);
  }
  t.equal(
    new Set(operations.map(({ operation }) => operation.operationId)).size,
    operations.length,
    'the names are unique',
  );
  t.strictSame(
    tags.filter((tag) => !operations.some(({ operation }) => operation.tags.includes(tag))),
    [],
    'no tag is empty',
  );
});

t.test('The contract lists the access that the router enforces', async (t) => {
  // /docs and /ui are for browsers, and no operations of the API.
  const routes = app
    .listRoutes()
    .filter(({ method, url }) => method !== 'HEAD' && !/^\/(docs|ui)(\/|$)/.test(url));
  t.strictSame(
    routes.map(({ method, url }) => `${method} ${url.replace(/:(\w+)/g, '{$1}')}`).sort(),
    operations.map(({ name }) => name).sort(),
    'all routes are in it, and no other',
  );
  for (const { method, url, config } of routes) {
    const name = `${method} ${url.replace(/:(\w+)/g, '{$1}')}`;
    const operation = operations.find((candidate) => candidate.name === name)?.operation;
    const minimum = config[declaration]?.minimum ?? undefined;
    t.equal(operation?.['x-minimum-access'], minimum, name);
    const accepted = config.session ? [{ accessToken: [] }] : [{ accessToken: [] }, { apiKey: [] }];
    const optional = [
      ...(config.token === 'optional' ? accepted : []),
      ...(config.sessionCookie === true ? [{ sessionCookie: [] }] : []),
    ];
    const none = optional.length === 0 ? [] : [...optional, {}];
    t.strictSame(operation?.security, minimum === undefined ? none : accepted, name);
    t.equal(config.sessionCookie === true, ['POST /refresh', 'POST /logout'].includes(name), name);
    t.equal(operation?.['x-session'] === true, config.session === true, name);
  }
});

/** Lists the problems of an operation that follow from its parameters and its access. */
function problemsOf(
  method: string,
  {
    requestBody,
    parameters = [],
    'x-minimum-access': minimum,
    'x-max-age': maxAge,
    'x-session': session,
  }: Operation,
): ProblemSlug[] {
  const hasQuery = parameters.some((parameter) => parameter.in !== 'path');
  const hasParams = parameters.some((parameter) => parameter.in === 'path');
  return [
    ...(method !== 'get' ? (['malformed-json', 'body-too-large', 'unsupported-media-type'] as const) : []),
    ...(requestBody || hasQuery ? (['validation-failed'] as const) : []),
    ...(hasParams ? (['not-found', 'uri-too-long'] as const) : []),
    ...(minimum === undefined
      ? []
      : (['authentication-required', 'invalid-request', 'invalid-token'] as const)),
    ...(session
      ? (['key-not-allowed'] as const)
      : minimum === undefined
        ? []
        : (['operation-not-allowed', 'too-many-attempts'] as const)),
    ...(!session && maxAge !== undefined ? (['key-not-allowed'] as const) : []),
    // SECOND_FACTOR_FROM may ask for a second factor at each of these levels.
    ...((minimum ?? 0) > 0 ? (['access-denied', 'two-factors-required'] as const) : []),
    'too-many-requests',
    'internal-error',
    'busy',
    'database-unavailable',
  ];
}

/** The schema of a problem: `access-denied` is `AccessDeniedProblem`. */
function componentOf(slug: string): string {
  return `${slug.replace(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase())}Problem`;
}

t.test('The problems are a union that a constant slug tells apart', async (t) => {
  const { oneOf, discriminator } = contract.components.schemas.Problem ?? {};
  const refs = slugs.map((slug) => `#/components/schemas/${componentOf(slug)}`);
  t.strictSame(
    oneOf,
    refs.map(($ref) => ({ $ref })),
  );
  t.strictSame(discriminator, {
    propertyName: 'slug',
    mapping: Object.fromEntries(slugs.map((slug, at) => [slug, refs[at]])),
  });
  for (const slug of slugs) {
    const { required, properties } = contract.components.schemas[componentOf(slug)] ?? {};
    t.match(properties, { slug: { const: slug }, status: { const: registry[slug].status } }, slug);
    t.ok([required].flat().includes('slug'), slug);
  }
});

t.test('Every regex flavour reads the published patterns alike', async (t) => {
  const text = JSON.stringify(contract);
  const patterns = new Set([...text.matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(([, json = '']) => json));
  t.ok(patterns.size >= 4, `${patterns.size} patterns`);
  for (const pattern of [...patterns].map((json): string => JSON.parse(json))) {
    t.match(
      pattern,
      /^\^[ -~]+\$$/,
      'it has ASCII characters only, and is anchored for flavours that search',
    );
    // Escaped letters mean something else in another flavour: \s, \w, \d, \b, \u, \x and \p; \t does not.
    t.notMatch(pattern, /\\(?=[a-su-zA-Z0-9])/, pattern);
    for (const flags of ['', 'u', 'v']) t.ok(new RegExp(pattern, flags), `${pattern} with flags ${flags}`);
  }
  t.notMatch(text, /checkedPattern/);
});

t.test('The published patterns accept everything that the service accepts', async (t) => {
  const { token } = await person(2);
  const address = '\u00a0\t new.one@example.com\u3000\n';
  for (const body of [
    { name: 'Ada \u{1f98a}', email: 'fox@example.com', password: 'correct horse \u{1f98a}\u2028 battery' },
    { name: '\u2800\u3000ж\u0301', email: address, password: '\u00a0'.repeat(20) },
  ]) {
    t.equal((await ask('POST', '/register', { body })).status, 201, JSON.stringify(body));
    const schema = ['requestBody', 'content', 'application/json', 'schema'];
    t.equal(errorsOf(['paths', '/register', 'post', ...schema], body), '', JSON.stringify(body));
  }
  for (const ifMatch of ['*', '"a", W/"b"', '"!#\u00e9", ,"c"']) {
    const { status } = await ask('PATCH', '/me', {
      token,
      headers: { 'if-match': ifMatch },
      body: { name: 'Ada' },
    });
    t.not(status, 400, ifMatch);
    const parameters = contract.paths['/me']?.patch?.parameters ?? [];
    const at = parameters.findIndex(({ name }) => name === 'if-match');
    t.equal(errorsOf(['paths', '/me', 'patch', 'parameters', String(at), 'schema'], ifMatch), '', ifMatch);
  }
});

t.test('Every operation lists all its problems, each under its status', async (t) => {
  const idempotent: ProblemSlug[] = ['idempotency-key-reused', 'request-in-progress'];
  const own: Record<string, ProblemSlug[]> = {
    registerUser: [
      'passkey-invalid',
      'passkeys-not-available',
      'passkey-exists',
      'email-taken',
      'registration-closed',
      'sign-in-method-off',
      ...idempotent,
    ],
    requestRegistrationPasskeyOptions: ['passkeys-not-available', 'registration-closed'],
    verifyEmail: [
      'mail-token-invalid',
      'wrong-password',
      'passkey-not-accepted',
      'passkeys-not-available',
      'passkey-exists',
      'too-many-attempts',
      'email-taken',
      'registration-closed',
      'sign-in-method-off',
    ],
    requestVerificationPasskeyOptions: ['mail-token-invalid', 'passkeys-not-available', 'too-many-attempts'],
    requestPasswordReset: ['mail-not-configured', 'sign-in-method-off', ...idempotent],
    resetPassword: ['mail-token-invalid', 'sign-in-method-off', 'too-many-attempts'],
    stopEmailChange: ['mail-token-invalid', 'too-many-attempts', 'email-taken'],
    requestEmailChange: [
      'recent-sign-in-required',
      'two-factors-required',
      'mail-not-configured',
      ...idempotent,
    ],
    changeMe: ['precondition-failed'],
    deleteMe: ['recent-sign-in-required', 'two-factors-required', 'last-admin', 'precondition-failed'],
    inviteUser: [
      'recent-sign-in-required',
      'email-taken',
      'invitation-exists',
      'mail-not-configured',
      ...idempotent,
    ],
    resendInvitation: [
      'recent-sign-in-required',
      'invitation-not-found',
      'mail-not-configured',
      ...idempotent,
    ],
    acceptInvitation: [
      'mail-token-invalid',
      'too-many-attempts',
      'passkey-invalid',
      'passkeys-not-available',
      'passkey-exists',
      'email-taken',
      'sign-in-method-off',
    ],
    requestAcceptancePasskeyOptions: ['mail-token-invalid', 'too-many-attempts', 'passkeys-not-available'],
    requestSecondFactorOptions: ['challenge-invalid', 'passkey-not-found', 'passkeys-not-available'],
    requestReauthenticationOptions: ['passkey-not-found', 'passkeys-not-available'],
    requestMailCode: ['sign-in-method-off'],
    signInWithMailCode: [
      'sign-in-method-off',
      'challenge-invalid',
      'wrong-code',
      'invalid-credentials',
      'second-factor-required',
      'same-origin-required',
      'cookies-need-https',
      'too-many-attempts',
    ],
    revokeInvitation: ['invitation-not-found', 'key-not-allowed'],
    requestPasskeyOptions: ['passkeys-not-available'],
    signInWithPasskey: [
      'passkey-not-accepted',
      'passkeys-not-available',
      'same-origin-required',
      'cookies-need-https',
      'too-many-attempts',
    ],
    getRelatedOrigins: ['passkeys-not-available'],
    signIn: [
      'invalid-credentials',
      'second-factor-required',
      'sign-in-method-off',
      'same-origin-required',
      'cookies-need-https',
      'too-many-attempts',
    ],
    provideSecondFactor: [
      'challenge-invalid',
      'wrong-code',
      'code-already-used',
      'passkey-not-accepted',
      'passkeys-not-available',
      'same-origin-required',
      'too-many-attempts',
    ],
    signOut: ['authentication-required', 'invalid-request', 'invalid-token'],
    refreshSession: ['invalid-refresh-token'],
    renewAuthentication: [
      'two-factors-required',
      'wrong-password',
      'wrong-code',
      'code-already-used',
      'passkey-not-accepted',
      'passkeys-not-available',
      'sign-in-method-off',
      'too-many-attempts',
    ],
    changePassword: [
      'two-factors-required',
      'recent-sign-in-required',
      'wrong-password',
      'sign-in-method-off',
      'same-origin-required',
      'too-many-attempts',
    ],
    endSession: ['session-not-found'],
    createUser: ['recent-sign-in-required', 'email-taken', 'invitation-exists', 'sign-in-method-off'],
    getUser: ['user-not-found'],
    changeUser: [
      'user-not-found',
      'recent-sign-in-required',
      'key-not-allowed',
      'last-admin',
      'precondition-failed',
    ],
    deleteUser: ['user-not-found', 'recent-sign-in-required', 'last-admin', 'precondition-failed'],
    listUserSessions: ['user-not-found'],
    endUserSession: ['user-not-found', 'session-not-found', 'recent-sign-in-required'],
    endUserSessions: ['user-not-found', 'recent-sign-in-required'],
    requestTotp: ['recent-sign-in-required', 'two-factors-required'],
    confirmTotp: ['recent-sign-in-required', 'two-factors-required', 'wrong-code', 'totp-not-pending'],
    deleteTotp: ['recent-sign-in-required', 'two-factors-required', 'totp-not-found', 'same-origin-required'],
    renewRecoveryCodes: ['recent-sign-in-required', 'two-factors-required', 'no-second-factor'],
    requestPasskey: [
      'recent-sign-in-required',
      'two-factors-required',
      'too-many-passkeys',
      'passkeys-not-available',
    ],
    createPasskey: [
      'recent-sign-in-required',
      'two-factors-required',
      'passkey-invalid',
      'passkey-exists',
      'too-many-passkeys',
      'passkeys-not-available',
      'wrong-code',
    ],
    getPasskey: ['passkey-not-found'],
    changePasskey: ['recent-sign-in-required', 'two-factors-required', 'passkey-not-found'],
    deletePasskey: [
      'recent-sign-in-required',
      'two-factors-required',
      'passkey-not-found',
      'last-authenticator',
      'same-origin-required',
    ],
    listUserAuthenticators: ['user-not-found'],
    resetAuthenticators: [
      'recent-sign-in-required',
      'user-not-found',
      'own-authenticators',
      'last-authenticator',
    ],
    createApiKey: ['recent-sign-in-required', 'too-many-api-keys'],
    getApiKey: ['api-key-not-found'],
    endApiKey: ['api-key-not-found'],
    listUserApiKeys: ['user-not-found'],
    endUserApiKey: ['api-key-not-found'],
    createServiceAccount: ['recent-sign-in-required'],
    getServiceAccount: ['service-account-not-found'],
    changeServiceAccount: ['recent-sign-in-required', 'service-account-not-found'],
    deleteServiceAccount: ['recent-sign-in-required', 'service-account-not-found'],
    createServiceApiKey: ['recent-sign-in-required', 'service-account-not-found', 'too-many-api-keys'],
    listServiceApiKeys: ['service-account-not-found'],
    getServiceApiKey: ['service-account-not-found', 'api-key-not-found'],
    endServiceApiKey: ['recent-sign-in-required', 'api-key-not-found'],
    getReadiness: ['not-ready'],
    listRevocations: ['feed-not-complete'],
  };
  for (const { name, method, operation } of operations) {
    const failures = Object.entries(operation.responses).filter(([status]) => Number(status) >= 400);
    const listed = failures.flatMap(([status, { description, content }]) => {
      t.strictSame(Object.keys(content ?? {}), ['application/problem+json'], `${name} ${status}`);
      const { schema, examples = {} } = content?.['application/problem+json'] ?? { schema: {} };
      const refs = Object.keys(examples).map((slug) => ({
        $ref: `#/components/schemas/${componentOf(slug)}`,
      }));
      t.strictSame(schema, refs.length === 1 ? refs[0] : { oneOf: refs }, `${name} ${status}`);
      for (const [slug, { $ref }] of Object.entries(examples)) {
        t.equal($ref, `#/components/examples/${slug}`, name);
        t.equal(contract.components.examples[slug]?.value.status, Number(status), `${name}: ${slug}`);
        t.match(description, `\`${slug}\``, name);
      }
      return Object.keys(examples);
    });
    t.strictSame(
      listed.sort(),
      [...problemsOf(method, operation), ...(own[operation.operationId] ?? [])].sort(),
      name,
    );
    t.equal(
      Object.keys(operation.responses).filter((status) => status < '400').length,
      // Registering succeeds at once, or by mail; an admin creates a user, or an invitation.
      ['registerUser', 'createUser'].includes(operation.operationId) ? 2 : 1,
      `${name}: and one success`,
    );
  }
});

t.test('The problems of a body are also listed where the route needs no body', async (t) => {
  const json = { 'content-type': 'application/json' };
  for (const { name, path, method } of operations.filter((operation) => operation.method !== 'get')) {
    const { token } = await person(2);
    // `ask` compares the answer with the document.
    const send = (body: string, headers: Record<string, string>) =>
      ask(method.toUpperCase() as 'POST', path.replace('{id}', randomUUID()), { token, body, headers });
    t.match((await send('{', json)).body, { status: 400, type: /malformed-json$/ }, name);
    t.match((await send('a', { 'content-type': 'text/plain' })).body, { status: 415 }, name);
    t.match((await send(' '.repeat(70_000), json)).body, { status: 413 }, name);
  }
});

/** Writes that need no body: token and path are enough. */
const bodiless = [
  'resendInvitation',
  'requestTotp',
  'requestPasskey',
  'renewRecoveryCodes',
  'requestPasskeyOptions',
  'requestReauthenticationOptions',
];

t.test('Every body refuses unknown members and has a valid example', async (t) => {
  const withBody = operations.filter(({ operation }) => operation.requestBody !== undefined);
  t.strictSame(
    withBody.map(({ name }) => name).sort(),
    operations
      .filter(
        ({ method, operation: { operationId } }) =>
          operationId === 'deleteMe' ||
          (['post', 'patch', 'put'].includes(method) && !bodiless.includes(operationId)),
      )
      .map(({ name }) => name)
      .sort(),
  );
  for (const { name, path, method, operation } of withBody) {
    // A token in a header or in a cookie is enough for some, and leaving needs none at all.
    const isOptional = ['signOut', 'refreshSession', 'deleteMe'].includes(operation.operationId);
    t.equal(operation.requestBody?.required, !isOptional, name);
    const types = Object.keys(operation.requestBody?.content ?? {});
    const isForm = ['requestIntrospection', 'revokeToken'].includes(operation.operationId);
    t.strictSame(types, isForm ? ['application/json', FORM] : ['application/json'], name);
    const media = operation.requestBody?.content['application/json'];
    t.match(media?.schema, { type: 'object', additionalProperties: false }, name);
    const pointer = ['paths', path, method, 'requestBody', 'content', 'application/json', 'schema'];
    t.equal(errorsOf(pointer, media?.example), '', name);
    t.not(errorsOf(pointer, { ...Object(media?.example), unknown: 1 }), '', name);
  }
});

t.test('The examples of answers are valid', async (t) => {
  t.strictSame(Object.keys(contract.components.examples), slugs);
  for (const [slug, { value }] of Object.entries(contract.components.examples)) {
    t.equal(errorsOf(['components', 'schemas', 'Problem'], value), '', slug);
    t.equal(errorsOf(['components', 'schemas', componentOf(slug)], value), '', slug);
    const entry = Object.entries(registry).find(([key]) => key === slug)?.[1];
    t.match(value, { status: entry?.status, title: entry?.title, detail: entry?.detail }, slug);
  }
  for (const { name, path, method, operation } of operations) {
    for (const [status, { content = {} }] of Object.entries(operation.responses)) {
      for (const [type, { example }] of Object.entries(content)) {
        if (example === undefined) continue;
        t.equal(
          errorsOf(['paths', path, method, 'responses', status, 'content', type, 'schema'], example),
          '',
          `${name} ${status}`,
        );
      }
    }
  }
});

t.test('Schemas with a component are referenced and not written out again', async (t) => {
  /** Returns the shape alone: names and schemas of the members. */
  const shapeOf = (schema: object) =>
    JSON.stringify(schema, (key, value: unknown) =>
      ['description', 'examples', '$id', 'title'].includes(key) ? undefined : value,
    );
  const shapes = new Map(
    Object.entries(contract.components.schemas).map(([name, schema]) => [shapeOf(schema), name]),
  );
  t.equal(shapes.size, Object.keys(contract.components.schemas).length, 'no two components are alike');
  const seen: string[] = [];
  const visit = (value: unknown, where: string): void => {
    if (typeof value !== 'object' || value === null) return;
    const name = shapes.get(shapeOf(value));
    if (name !== undefined) seen.push(`${name} at ${where}`);
    for (const [key, member] of Object.entries(value)) visit(member, `${where}/${key}`);
  };
  visit(contract.paths, '');
  for (const [name, schema] of Object.entries(contract.components.schemas)) visit(schema.properties, name);
  t.strictSame(seen, []);

  const references = [...JSON.stringify(contract).matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g)];
  for (const [, kind = '', name = ''] of references) {
    const members = new Map<string, object>(Object.entries(contract.components)).get(kind) ?? {};
    t.ok(Object.hasOwn(members, name), `${kind}/${name}`);
  }
  const used = new Set(references.map(([, , name]) => name));
  // Of the problems, some come before the operation is known. `Problem` is the union of all.
  const unused = Object.keys(contract.components.schemas).filter((name) => !used.has(name));
  t.strictSame(unused, ['Problem']);
});

t.test('Routes of an embedding app are in the contract, also without a schema', async (t) => {
  const api = await startApi(
    t,
    {},
    {
      routes: async (app) => {
        app.get('/greeting', { config: { access: 'user' } }, async () => ({ text: 'Hello' }));
      },
    },
  );
  const { body } = await api.ask('GET', '/openapi.json');
  const { get } = body.paths['/greeting'];
  t.equal(get['x-minimum-access'], 1);
  t.match(Object.keys(get.responses), ['400', '401', '403', '429', '500', '503']);
});
