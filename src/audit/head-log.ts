import type { AuditContext } from './chain.ts';
import { type AuditLog, readHead } from './sealer.ts';

/**
 * Logs the head of the audit chain whenever it has moved. In the log it is safe from a person who can change
 * the database: `latchkey audit verify --head` compares them.
 */
export class HeadLog {
  readonly #audit: AuditContext;
  readonly #log: Pick<AuditLog, 'info'>;
  #logged: string | undefined;

  constructor(audit: AuditContext, log: Pick<AuditLog, 'info'>) {
    this.#audit = audit;
    this.#log = log;
  }

  /** @throws {Error} when the ends of the chain were changed from outside */
  async run(): Promise<void> {
    const head = await readHead(this.#audit);
    if (head === undefined || head === this.#logged) return;
    this.#log.info({ head }, 'Audit chain head');
    this.#logged = head;
  }
}
