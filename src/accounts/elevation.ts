/** The columns that say which level somebody has. */
export interface AccessColumns {
  readonly access: number;
  readonly permanentAccess: number;
  readonly accessUntil: Date | null;
}

/** Somebody's level at a time: the permanent one again once the time of a higher one is over. */
export function accessAsOf({ access, permanentAccess, accessUntil }: AccessColumns, time: Date): number {
  return accessUntil === null || accessUntil > time ? access : permanentAccess;
}
