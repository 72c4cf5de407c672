/** The code of an error that has one, as those of Node.js, its drivers and Prisma have. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
