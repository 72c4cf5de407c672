import { readFile } from 'node:fs/promises';
import { PrismaPg } from '@prisma/adapter-pg';
import Fastify from 'fastify';
import latchkey, { guarded, type LatchkeyOptions } from 'latchkey';
import { PrismaClient } from './generated/client.ts';

/**
 * Builds an app whose notes and users are in one Postgres database.
 *
 * @param databaseUrl of that database
 */
export async function buildApp(databaseUrl: string, options: LatchkeyOptions = {}) {
  const db = new PrismaClient({
    adapter: new PrismaPg({ connectionString: databaseUrl }, { schema: 'app' }),
  });
  const app = Fastify();
  app.addHook('onClose', () => db.$disconnect());
  app.addHook('onReady', async () => {
    const statements = (await readFile(new URL('../schema.sql', import.meta.url), 'utf8')).split(';');
    for (const statement of statements) if (statement.trim() !== '') await db.$executeRawUnsafe(statement);
  });
  await app.register(latchkey, { prefix: '/auth', databaseUrl, ...options });

  app.route(
    guarded<{ Body: { text: string } }>({
      method: 'POST',
      url: '/notes',
      access: 'user',
      schema: { body: { type: 'object', required: ['text'], properties: { text: { type: 'string' } } } },
      handler: async ({ user, body }) => db.note.create({ data: { author: user.sub, text: body.text } }),
    }),
  );
  app.route(
    guarded({
      method: 'GET',
      url: '/notes',
      access: 'user',
      handler: async ({ user }) => db.note.findMany({ where: { author: user.sub } }),
    }),
  );
  return app;
}
