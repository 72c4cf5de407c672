import { createGuard } from '@latchkey/guard';
import { buildApp } from './app.ts';

// The key of `latchkey key create --for-guard`.
const { LATCHKEY_URL = 'http://localhost:3000', LATCHKEY_KEY = '' } = process.env;
const guard = createGuard({ issuer: LATCHKEY_URL, key: LATCHKEY_KEY, onError: console.error });
await guard.ready();
buildApp(guard).listen(8080, () => console.log('http://127.0.0.1:8080'));
