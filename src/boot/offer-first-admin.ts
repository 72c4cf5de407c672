import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { inviteFirstAdmin } from '../accounts/invitations/first-admin-invitation.ts';

const CREATE_COMMAND = 'latchkey user create --email you@example.com --name You --access admin';

/**
 * Creates the invitation of the first admin where there is no admin yet. The link to the page, or without
 * pages the command, goes to the terminal when there is one. Otherwise both go to a file that only the owner
 * of the data folder can read, because many people can read logs.
 *
 * @param url where the service listens
 * @returns lines for the start-up text; none where there is an admin
 */
export async function offerFirstAdmin(app: FastifyInstance, url: string): Promise<string[]> {
  const file = resolve(app.config.dataDir, 'first-admin');
  const token = await inviteFirstAdmin(app.accounts, await readToken(file));
  if (token === undefined) {
    await rm(file, { force: true }).catch(() => {});
    return [];
  }
  const { production, publicUrl } = app.config;
  const hasPages = app.hasRoute({ method: 'GET', url: '/ui' });
  const command = curlLine(url, token);
  // In production, the browser of the admin is on another machine.
  const link = `${production ? publicUrl : url}/ui/first-admin#token=${token}`;
  if (process.stdout.isTTY)
    return hasPages
      ? ['There is no admin yet. Open this page within 30 minutes to become the first one:', link]
      : ['There is no admin yet. Fill in this command within 30 minutes to become the first one:', command];
  try {
    await writePrivate(file, hasPages ? `${link}\n\n${command}\n` : `${command}\n`);
    const found = hasPages
      ? `There is no admin yet. The link to the page that makes the first one is in ${file}, for 30 minutes`
      : `There is no admin yet. The command to become the first one is in ${file}, for 30 minutes: fill it in`;
    return production ? [found, `Or make the first admin: ${podCommand()}`] : [found];
  } catch (error) {
    app.log.warn({ err: error }, 'The invitation of the first admin could not be written');
    const command = production ? podCommand() : `npx ${CREATE_COMMAND}`;
    return [`There is no admin yet. Make the first one: ${command}`];
  }
}

/**
 * The command that makes an admin where the process runs in a container: files of a container are lost with
 * it, and each replica has its own. The host name of a pod is its name.
 */
function podCommand(): string {
  return `${CREATE_COMMAND} (on Kubernetes: kubectl exec -it ${hostname()} -- ${CREATE_COMMAND})`;
}

/** Reads the token of the last start. @returns undefined when there is none */
async function readToken(file: string): Promise<string | undefined> {
  const command = await readFile(file, 'utf8').catch(() => '');
  return /"token":"([\w-]+)"/.exec(command)?.[1];
}

/** The line is refused as it is, because its fields are empty: an example password could be anybody's. */
function curlLine(url: string, token: string): string {
  const body = { token, name: '', email: '', password: '' };
  return `curl -s ${url}/invitations/accept -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`;
}

/**
 * Replaces a file. The new file has its own mode, not the mode of the old file. `write-file-atomic` would
 * follow a symbolic link under either name.
 */
async function writePrivate(file: string, text: string): Promise<void> {
  await mkdir(resolve(file, '..'), { recursive: true, mode: 0o700 });
  const tempFile = `${file}.${process.pid}`;
  await rm(tempFile, { force: true });
  await writeFile(tempFile, text, { mode: 0o600, flag: 'wx' });
  await rename(tempFile, file);
}
