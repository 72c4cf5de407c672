import { buildApp } from './app.ts';

// The key of `latchkey key create --for-guard`.
const { LATCHKEY_URL = 'http://localhost:3000', LATCHKEY_KEY = '' } = process.env;
const app = await buildApp({ issuer: LATCHKEY_URL, key: LATCHKEY_KEY });
console.log(await app.listen({ port: 8080 }));
