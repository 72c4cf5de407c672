import { isProblem } from '@latchkey/client';

/**
 * Tells whether a change was refused because somebody else was faster. A weak tag, which a proxy has made,
 * never fits: the detail of the problem says what to do about it.
 *
 * @param etag what was sent in `If-Match`
 */
export function isOvertaken(error: unknown, etag: string): boolean {
  return isProblem(error, 'precondition-failed') && !etag.startsWith('W/');
}
