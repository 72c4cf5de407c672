import type { AuditAction } from './event.ts';

/**
 * Actions by the name that they had in an earlier version. Events that are stored keep the earlier name,
 * because their code covers it (chain.ts).
 */
const renamed: ReadonlyMap<string, AuditAction> = new Map([
  ['user.access-fell-back', 'user.elevation-expired'],
]);

/** Returns the current name of a stored action. */
export function currentName(action: string): string {
  return renamed.get(action) ?? action;
}

/** Lists the names under which an action is stored: its current name, and earlier ones. */
export function storedNames(action: AuditAction): string[] {
  return [action, ...[...renamed.keys()].filter((name) => renamed.get(name) === action)];
}
