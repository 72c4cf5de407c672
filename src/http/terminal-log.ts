type Line = Readonly<Record<string, unknown>>;

/** C0 and C1 controls: a terminal obeys some of them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]+/g;

/** Members of a line that {@link describeLine} writes itself, or that say nothing in a terminal. */
const HIDDEN = ['pid', 'hostname', 'req', 'res', 'reqId', 'responseTime'];

/**
 * Opens the format of the log in a terminal: one line for each request, with the members that matter. Errors
 * have their stack below the line.
 */
export async function openTerminalFormat(): Promise<(json: string) => string> {
  const { prettyFactory } = await import('pino-pretty');
  return prettyFactory({
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: HIDDEN.join(','),
    singleLine: true,
    messageFormat: describeLine,
  });
}

/**
 * Describes a line: `GET /users 200 3.1 ms 8e03978e-…` for a request that was answered, else its message and
 * the id of its request.
 */
export function describeLine({ msg, req, res, reqId, responseTime }: Line): string {
  const answer = [
    member(req, 'method'),
    member(req, 'url'),
    member(res, 'statusCode'),
    typeof responseTime === 'number' ? `${responseTime.toFixed(1)} ms` : undefined,
  ];
  // The message of an answer says no more than its line, unless it is about an error.
  const message = res !== undefined && msg === 'request completed' ? undefined : msg;
  return [message, ...answer, reqId]
    .filter((part) => part !== undefined)
    .map((part) => String(part).replace(CONTROLS, ' '))
    .join(' ');
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(name) : undefined;
}
