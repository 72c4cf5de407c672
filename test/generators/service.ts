declare const process: { readonly argv: readonly string[]; readonly stdout: { write(text: string): void } };

/** The service that runs, and a user of it. */
export const [, , url = '', email = '', password = ''] = process.argv;

export function report(...values: unknown[]): void {
  process.stdout.write(`${JSON.stringify(values)}\n`);
}
