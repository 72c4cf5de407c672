import { buildApp } from './app.ts';

const { DATABASE_URL } = process.env;
if (DATABASE_URL === undefined) throw new Error('Set DATABASE_URL to the URL of a Postgres database');
const app = await buildApp(DATABASE_URL);
console.log(await app.listen({ port: 3000 }));
