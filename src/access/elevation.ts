/** The columns that define the access level of a user. */
export interface AccessColumns {
  readonly access: number;
  readonly permanentAccess: number;
  readonly accessUntil: Date | null;
}

/** The access level of a user at a time. It is the permanent one when the elevation has expired. */
export function accessAsOf({ access, permanentAccess, accessUntil }: AccessColumns, time: Date): number {
  return accessUntil === null || accessUntil > time ? access : permanentAccess;
}
