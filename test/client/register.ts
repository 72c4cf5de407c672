import type { Db } from '#latchkey/db/client.ts';
import type { Service } from '../child.ts';
import { PASSWORD } from '../helper.ts';

let people = 0;

/** Registers a user, who then gets a level in the database. @returns the credentials */
export async function register(service: Service, db: Db, access: number) {
  const email = `person-${people++}@example.com`;
  const { body } = await service.ask('POST', '/register', {
    body: { name: 'Ada', email, password: PASSWORD },
  });
  await db.user.update({ where: { id: body.id }, data: { access, permanentAccess: access } });
  return { id: String(body.id), email, password: PASSWORD };
}
