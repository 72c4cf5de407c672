import { RegisterUserBody, SignInBody, SignInResponse } from './generated/zod.ts';
import { password, report, url } from './service.ts';

async function post(path: string, body: unknown): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  return (await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })).json();
}

const user = RegisterUserBody.parse({ name: 'Ada 🦊', email: 'fox@example.com', password });
await post('/register', user);
const tokens = SignInResponse.parse(await post('/login', SignInBody.parse({ email: user.email, password })));
report(user.name, typeof tokens.accessToken);

for (const body of [
  { ...user, email: 'ada' },
  { ...user, name: '' },
])
  report(RegisterUserBody.safeParse(body).success);
