import type { Db } from '../db/client.ts';

/** How many mails wait to be sent. */
export function countUndelivered(db: Db): Promise<number> {
  return db.mail.count({ where: { outcome: null } });
}
