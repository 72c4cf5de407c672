import { getControlPanel, getMe, type Problem, registerUser, signIn } from './generated/orval.ts';
import { email, password, report } from './service.ts';

const signedIn = await signIn({ email, password });
if (signedIn.status !== 200) throw new Error(signedIn.data.slug);
const options = { headers: { Authorization: `Bearer ${signedIn.data.accessToken}` } };
const me = await getMe(options);
const refused = await getControlPanel(options);
report(
  me.status === 200 ? me.data.name : undefined,
  refused.status === 403 && refused.data.slug === 'access-denied' ? refused.data.required : undefined,
);

const invalid = await registerUser({ name: '', email, password });
if (invalid.status === 400 && invalid.data.slug === 'validation-failed') report(invalid.data.errors[0]?.code);

// @ts-expect-error: it is not the slug of a problem
export const wrong: Problem['slug'] = 'something-else';
