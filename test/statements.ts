import { subscribe } from 'node:diagnostics_channel';
import { STATEMENTS_CHANNEL } from '#latchkey/db/adapters/publish-statements.ts';

/** Collects the statements of all databases that are opened from now on. */
export function listenToStatements(): readonly string[] {
  const statements: string[] = [];
  subscribe(STATEMENTS_CHANNEL, (message) => statements.push(Object(message).text));
  return statements;
}
