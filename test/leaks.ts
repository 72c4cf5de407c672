/** Searches what a test file and its processes have printed for the secrets that it used. */

/** Whatever they are, they have no business in a log. */
const forbidden = [/\$argon2/, /eyJ[\w-]{20,}\.eyJ/, /-----BEGIN [A-Z ]*PRIVATE/];

/** Characters around a secret that say where it was printed. */
const AROUND = 150;

/** A line for each secret that is in a text. */
export function findLeaks(secrets: readonly string[], text: string): string[] {
  const found = [
    ...secrets.filter(
      (secret) => text.includes(secret) || text.includes(JSON.stringify(secret).slice(1, -1)),
    ),
    ...forbidden.flatMap((pattern) => pattern.exec(text)?.[0] ?? []),
  ];
  return found.map((secret) => {
    const at = Math.max(0, text.indexOf(secret));
    return `printed a secret: ${text.slice(Math.max(0, at - AROUND), at + secret.length + AROUND)}`;
  });
}
