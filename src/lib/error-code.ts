/** Returns the code of an error that has one, as errors of Node.js, its drivers and Prisma do. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
