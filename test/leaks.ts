/** Searches the output of a test file and its processes for the secrets that it used. */

/** Patterns of secrets that must never be in a log. */
const forbidden = [/\$argon2/, /eyJ[\w-]{20,}\.eyJ/, /-----BEGIN [A-Z ]*PRIVATE/];

/** Characters around a secret that show where it was printed. */
const CONTEXT_CHARACTERS = 150;

/** Returns a line for each secret in a text. */
export function findLeaks(secrets: readonly string[], text: string): string[] {
  const found = [
    ...secrets.filter(
      (secret) => text.includes(secret) || text.includes(JSON.stringify(secret).slice(1, -1)),
    ),
    ...forbidden.flatMap((pattern) => pattern.exec(text)?.[0] ?? []),
  ];
  return found.map((secret) => {
    const at = Math.max(0, text.indexOf(secret));
    return `printed a secret: ${text.slice(Math.max(0, at - CONTEXT_CHARACTERS), at + secret.length + CONTEXT_CHARACTERS)}`;
  });
}
