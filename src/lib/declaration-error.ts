/**
 * Error of the developer's own code: a route or a problem that is declared wrongly. The message is one line
 * that says what to change. There is no stack, because it would not lead to the declaration.
 */
export class DeclarationError extends Error {
  override name = 'DeclarationError';

  constructor(message: string) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
  }
}
