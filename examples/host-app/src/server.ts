import { buildApp } from './app.ts';

const app = await buildApp();
console.log(`http://localhost:3000/auth/docs, ${await app.listen({ port: 3000 })}`);
