/** Bodies of an operation: valid ones, nearly valid ones and hostile ones. All are JSON texts, or nearly. */
import fc, { type Arbitrary } from 'fast-check';
import type { Body, Operation, Schema } from '../operations.ts';
import { emailForms, hostileJson, noJsons, texts, times } from './hostile.ts';
import { MARK } from './template.ts';

/** The members of an object, in order and possibly repeated: names and the JSON of their values. */
type Members = readonly (readonly [name: string, json: string])[];
type Writing = Pick<Operation, 'operationId'> & { readonly body: Body };

/**
 * Existing values for members, so that a handler succeeds: by name, and where necessary also by operation.
 */
const present: Readonly<Record<string, string>> = {
  email: '⟦email⟧',
  password: '⟦password⟧',
  currentPassword: '⟦password⟧',
  refreshToken: '⟦refreshToken⟧',
  'registerUser.email': '⟦newEmail⟧',
  'registerUser.password': '⟦newPassword⟧',
  'createUser.email': '⟦newEmail⟧',
  'createUser.password': '⟦newPassword⟧',
  'inviteUser.email': '⟦newEmail⟧',
  'requestEmailChange.email': '⟦newEmail⟧',
  'requestSecondFactorOptions.challenge': '⟦challenge⟧',
  'provideSecondFactor.challenge': '⟦challenge⟧',
  'provideSecondFactor.code': '⟦code⟧',
  'stopEmailChange.token': '⟦stop⟧',
  'signOut.refreshToken': '⟦refreshToken⟧',
  'confirmTotp.code': '⟦totpCode⟧',
  'verifyEmail.token': '⟦verification⟧',
  'requestVerificationPasskeyOptions.token': '⟦passkeyVerification⟧',
  'signInWithMailCode.flow': '⟦flow⟧',
  'signInWithMailCode.code': '⟦flowCode⟧',
  'resetPassword.token': '⟦reset⟧',
  'acceptInvitation.token': '⟦invitationToken⟧',
  'acceptInvitation.password': '⟦newPassword⟧',
  'requestAcceptancePasskeyOptions.token': '⟦invitationToken⟧',
};

/** Existing values that are objects, for members that are in a body beside other ones, or instead of them. */
const presentObjects: Readonly<Record<string, string>> = {
  'createPasskey.passkey': '⟦attestation⟧',
  'registerUser.passkey': '⟦newAccountPasskey⟧',
  'signInWithPasskey.passkey': '⟦passkey⟧',
  'provideSecondFactor.passkey': '⟦secondFactorPasskey⟧',
  'renewAuthentication.passkey': '⟦ownPasskey⟧',
};

const presentIn = (operationId: string, name: string) => present[`${operationId}.${name}`] ?? present[name];

const isSecret = (name: string) => /password|token|challenge/i.test(name);

/** Makes the JSON of a member. Generated secrets contain the mark. */
const marked = (name: string, json: string) =>
  isSecret(name) && json.startsWith('"') ? `"${MARK}${json.slice(1)}` : json;

/** Generates texts that are valid for a schema. */
export function validText(schema: Schema): Arbitrary<string> {
  const { type, enum: values, format, pattern, minLength = 0, maxLength = 300 } = schema;
  if (type === 'boolean') return fc.constantFrom('true', 'false');
  if (values !== undefined) return fc.constantFrom(...values).map(String);
  if (format === 'uuid') return fc.oneof(fc.uuid(), fc.constantFrom('⟦user⟧', '⟦session⟧', '⟦self⟧'));
  if (format === 'date-time')
    return fc.oneof(
      fc
        .date({ noInvalidDate: true, min: new Date('2026'), max: new Date('2100') })
        .map((date) => date.toISOString()),
      fc.constantFrom(...times),
    );
  const regExp = new RegExp(pattern ?? '', 'u');
  const fits = (text: string) =>
    [...text].length >= minLength && [...text].length <= maxLength && regExp.test(text);
  const made =
    pattern === undefined
      ? fc.string({ unit: 'binary', minLength, maxLength, size: 'medium' })
      : fc.stringMatching(regExp, { maxLength, size: 'medium' });
  return fc.oneof(made.filter(fits), fc.constantFrom('Ada'.padEnd(minLength, '.'), ...texts.filter(fits)));
}

/** Generates the JSON of values that are valid for a schema. */
function validJson(schema: Schema): Arbitrary<string> {
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map(validJson));
  if (schema.const !== undefined) return fc.constant(JSON.stringify(schema.const));
  if (schema.type === 'null') return fc.constant('null');
  if (schema.items !== undefined) return fc.array(validJson(schema.items), { maxLength: 3 }).map(list);
  if (schema.type === 'object') return validObject(schema).map(write);
  if (schema.type === 'integer' && schema.enum === undefined) return validInteger(schema).map(String);
  const quote = schema.type === 'integer' || schema.type === 'boolean' ? String : JSON.stringify;
  return validText(schema).map((text) => quote(text));
}

export const validInteger = ({ minimum = 0, maximum = 2 ** 31 }: Schema) =>
  fc.integer({ min: minimum, max: maximum });

const list = (values: readonly string[]) => `[${values.join()}]`;

/** Generates the members of objects in a body. */
function validObject({ properties = {}, required = [] }: Schema): Arbitrary<Members> {
  const members = Object.entries(properties).map(([name, of]) => [name, validJson(of)] as const);
  return fc
    .record(Object.fromEntries(members), { requiredKeys: [...required] })
    .map((record) => Object.entries(record));
}

function validMembers({ operationId, body: { schema } }: Writing): Arbitrary<Members> {
  const members = Object.entries(schema.properties ?? {}).map(([name, of]) => {
    const room = isSecret(name) ? { ...of, maxLength: (of.maxLength ?? 300) - MARK.length } : of;
    const made = validJson(room).map((json) => marked(name, json));
    const object = presentObjects[`${operationId}.${name}`];
    if (object !== undefined)
      return [name, fc.oneof({ weight: 3, arbitrary: fc.constant(object) }, made)] as const;
    const there = presentIn(operationId, name);
    const alike = there === '⟦email⟧' ? emailForms.map((form) => `⟦email ${form}⟧`) : [];
    const all =
      there === undefined
        ? made
        : fc.oneof(
            { weight: 4, arbitrary: fc.constant(`"${there}"`) },
            { weight: 2, arbitrary: fc.constantFrom(there, ...alike).map((text) => `"${text}"`) },
            { weight: 1, arbitrary: made },
          );
    return [name, all] as const;
  });
  const requiredKeys = [...(schema.required ?? [])];
  return fc.record(Object.fromEntries(members), { requiredKeys }).map((record) => Object.entries(record));
}

/** A mutation that makes a body invalid: the member, and its new value. */
type Change = (members: Members, at: number, json: string, schema: Schema) => Members;

const replaced = (members: Members, at: number, json: string): Members =>
  members.map(([name, before], index) => [name, index === at ? marked(name, json) : before]);

/** Generates values beyond the limits of a member. */
function beyond({ type, maxLength = 300, minLength = 0, maximum = 100 }: Schema): string {
  if (type === 'integer') return String(maximum + 1);
  return minLength > 1 ? '"a"' : `"⟦long ${maxLength + 1}⟧"`;
}

const changes: readonly Change[] = [
  (members, at) => members.filter((_, index) => index !== at),
  replaced,
  (members, at, _json, { properties = {} }) =>
    replaced(members, at, beyond(properties[members[at]?.[0] ?? ''] ?? {})),
  (members, _at, json) => [...members, ['access', json]],
  (members, _at, json) => [...members, ['isAdmin', json], ['', '1']],
  (members, at, json) => [...members, [members[at]?.[0] ?? 'name', json]],
  (members, at, json) => [[members[at]?.[0] ?? 'name', json], ...members],
  (members, at) => members.map(([name, json], index) => [index === at ? name.toUpperCase() : name, json]),
  (members, at) => members.map(([name, json], index) => [name, index === at ? `[${json}]` : json]),
];

const nearlyValidMembers = (operation: Writing): Arbitrary<Members> =>
  fc
    .tuple(validMembers(operation), fc.nat(9), fc.constantFrom(...changes), hostileJson)
    .map(([members, at, change, json]) =>
      change(members, members.length === 0 ? 0 : at % members.length, json, operation.body.schema),
    );

const hostileMembers = (operation: Writing): Arbitrary<Members> =>
  fc
    .tuple(
      validMembers(operation),
      fc.array(fc.tuple(fc.nat(9), hostileJson), { minLength: 1, maxLength: 4 }),
    )
    .map(([members, wrong]) =>
      wrong.reduce(
        (all, [at, json]) => (all.length === 0 ? all : replaced(all, at % all.length, json)),
        members,
      ),
    );

const write = (members: Members) =>
  `{${members.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join()}}`;

/** Mutations of a whole text. */
const documents: readonly ((text: string) => string)[] = [
  (text) => text.slice(0, -1),
  (text) => text.slice(0, text.length / 2),
  (text) => `${text}}`,
  (text) => `${text}${text}`,
  (text) => `${text}\u0000`,
  (text) => `[${text}]`,
  (text) => JSON.stringify(text),
  (text) => `\ufeff${text}`,
  (text) => `⟦bytes fffe⟧${text}`,
  (text) => text.replace(':"', ':"⟦bytes c328⟧'),
  (text) => text.replace(':"', ':"⟦bytes eda080⟧'),
  (text) => text.replace(':"', ':"\u0000'),
  (text) => text.replaceAll('"', "'"),
  (text) => text.replace('{', '{,'),
  (text) => text.replace('{', '{"__proto__":{"access":2},'),
  (text) => text.replace('{', '{"constructor":{"prototype":{"access":2}},'),
  (text) => text.replace('{', '{"\\u005f_proto__":{"access":2},'),
  (text) => text.replace(/\}$/, ',"a":⟦deep 20000⟧}'),
  (text) => text.padEnd(17_000),
  (text) => text.replace(/:"[^"]*"/, ':"⟦long 16000⟧"'),
  (text) => text.replace(/:"[^"]*"/, ':"⟦long 10000000⟧"'),
  () => '⟦open 10000⟧',
  () => '⟦deep 16⟧',
  () => '⟦bytes 00⟧',
  () => '',
  () => ' ',
  () => 'null',
  () => '1e999',
  () => '"a"',
  (text) => new URLSearchParams(Object.entries({ text })).toString(),
];

/** Generates texts to send as the body of an operation. */
export function bodies(operation: Writing): Arbitrary<string> {
  const whole = fc
    .tuple(validMembers(operation), fc.constantFrom(...documents))
    .map(([members, change]) => change(write(members)));
  const noJson = fc
    .tuple(validMembers(operation), fc.nat(9), fc.constantFrom(...noJsons))
    .map(([members, at, json]) =>
      write(members.length === 0 ? [['name', json]] : replaced(members, at % members.length, json)),
    );
  return fc.oneof(
    { weight: 5, arbitrary: validMembers(operation).map(write) },
    { weight: 5, arbitrary: nearlyValidMembers(operation).map(write) },
    { weight: 5, arbitrary: hostileMembers(operation).map(write) },
    { weight: 2, arbitrary: whole },
    { weight: 1, arbitrary: noJson },
  );
}

/** Returns the example of the contract with existing values, also for optional members. It succeeds. */
export function goodBody({ operationId, body: { schema, example } }: Writing): string {
  const own = Object.keys(schema.properties ?? {}).filter((name) => `${operationId}.${name}` in present);
  const named = { ...example, ...Object.fromEntries(own.map((name) => [name, undefined])) };
  const members = Object.entries(named).map(([name, value]) => {
    const object = presentObjects[`${operationId}.${name}`];
    if (object !== undefined) return [name, object] as const;
    const there = presentIn(operationId, name);
    return [name, JSON.stringify(there ?? (isSecret(name) ? '⟦newPassword⟧' : value))] as const;
  });
  return write(members);
}
