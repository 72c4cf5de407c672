import type { FastifyInstance } from 'fastify';
import { Problem } from '../problems/problem.ts';

/** Answers 404 in a scope where @fastify/static refuses a path. */
export function answerRefusedFiles(scope: FastifyInstance): void {
  scope.setErrorHandler((error) => {
    throw isRefusedFile(error) ? new Problem('not-found') : error;
  });
}

/**
 * Tells whether @fastify/static threw an error for a path that leads out of its folder (403), or has a NUL
 * (400).
 */
function isRefusedFile(error: unknown): boolean {
  return (
    error instanceof Error && 'statusCode' in error && (error.statusCode === 403 || error.statusCode === 400)
  );
}
