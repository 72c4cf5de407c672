import createClient from 'openapi-fetch';
import type { components, paths } from './generated/openapi-typescript.ts';
import { email, password, report, url } from './service.ts';

type Problem = components['schemas']['Problem'];

const api = createClient<paths>({ baseUrl: url });
const signedIn = await api.POST('/login', { body: { email, password } });
if (signedIn.data === undefined) throw new Error(signedIn.error.slug);
const headers = { Authorization: `Bearer ${signedIn.data.accessToken}` };
const me = await api.GET('/me', { headers });
const { error } = await api.GET('/control-panel', { headers });
report(me.data?.name, error?.slug === 'access-denied' ? error.required : undefined);

const invalid = await api.POST('/register', { body: { name: '', email, password } });
if (invalid.error?.slug === 'validation-failed') report(invalid.error.errors[0]?.code);

// @ts-expect-error: it is not the slug of a problem
export const wrong: Problem['slug'] = 'something-else';
