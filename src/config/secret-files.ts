import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { codeOf } from '../lib/error-code.ts';
import { ConfigError } from './environment.ts';
import { configurationRoot } from './package.ts';

/**
 * Variables that hold secrets and may be read from files. Keys are not among them: they accept a path anyway.
 */
export const secretVariables = [
  'DATABASE_URL',
  'SECRET',
  'SECRET_PREVIOUS',
  'ADMIN_PASSWORD',
  'BOOTSTRAP_API_KEY',
  'SMTP_URL',
] as const;

/**
 * Reads secrets from files, as Docker and Kubernetes provide them: `SECRET_FILE` names the file that holds
 * SECRET. Other users of the machine may see the environment of a process, but not the content of its files.
 * Line breaks at the end are not part of the secret.
 *
 * @returns the variables, completed with the contents of the files
 * @throws {ConfigError} when a file cannot be read or is empty, or when a secret is set in both ways
 */
export function readSecretFiles(variables: NodeJS.Dict<string>): NodeJS.Dict<string> {
  const found = secretVariables.flatMap((name) => {
    const path = variables[`${name}_FILE`];
    return path === undefined || path === '' ? [] : [[name, readSecret(name, path, variables[name])]];
  });
  return { ...variables, ...Object.fromEntries(found) };
}

function readSecret(name: string, path: string, value: string | undefined): string {
  const variable = `${name}_FILE`;
  if (value !== undefined && value !== '')
    throw new ConfigError(`${name} and ${variable} are both set: keep one of them`);
  const secret = readText(variable, path).replace(/[\r\n]+$/, '');
  if (secret === '') throw new ConfigError(`${variable} names an empty file: write ${name} into it`);
  return secret;
}

function readText(variable: string, path: string): string {
  try {
    return readFileSync(resolve(configurationRoot, path), 'utf8');
  } catch (error) {
    // The code alone: the value may be the secret itself, by mistake.
    const code = codeOf(error);
    throw new ConfigError(
      `${variable} is not the path of a file that can be read${code === undefined ? '' : `: ${code}`} (example: ${variable}=/run/secrets/${variable.toLowerCase().slice(0, -'_FILE'.length)})`,
      { cause: error },
    );
  }
}
