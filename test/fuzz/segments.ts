/** The parts of a JWT (RFC 7515 section 3.1). */
export const segmentsOf = (token: string) => token.split('.');
export const decode = (segment: string) => Buffer.from(segment, 'base64url');
export const encode = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
