import { Api, type Problem } from './generated/swagger-typescript-api.ts';
import { email, password, report, url } from './service.ts';

const { api } = { api: new Api({ baseUrl: url }) };
const signedIn = await api.login.signIn({ email, password });
const headers = { Authorization: `Bearer ${signedIn.data.accessToken}` };
const me = await api.me.getMe({ headers });
const refused = await api.controlPanel.getControlPanel({ headers }).catch((answer) => answer);
const problem: Problem = refused.error;
report(me.data.name, problem.slug === 'access-denied' ? problem.required : undefined);

const invalid = await api.register.registerUser({ name: '', email, password }).catch((answer) => answer);
const { error }: { error: Problem } = invalid;
if (error.slug === 'validation-failed') report(error.errors[0]?.code);

// @ts-expect-error: it is not the slug of a problem
export const wrong: Problem['slug'] = 'something-else';
