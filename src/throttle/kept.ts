/** The first word of a subject whose failures stay until a success or a reset, however old they are. */
export const KEPT = 'kept';

/** The beginning of the ids of such subjects. No hash has a blank. */
export const KEPT_PREFIX = `${KEPT} `;
