import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError, packageRoot } from '../config/index.ts';
import { codeOf } from '../lib/error-code.ts';
import { type TemplateName, templateNames } from './template-names.ts';

/** The placeholders that each mail may contain. */
const placeholders: Readonly<Record<TemplateName, readonly string[]>> = {
  invitation: ['link', 'token', 'access', 'advice'],
  registration: ['link', 'token'],
  'account-exists': ['link'],
  'password-reset': ['link', 'token'],
  'email-change': ['link', 'token'],
  'password-changed': ['link'],
  'email-changed': ['link'],
  'reuse-detected': ['link'],
  'continued-elsewhere': ['link'],
  'access-changed': ['link', 'access', 'advice'],
  'second-factor-code': ['code', 'minutes', 'link'],
  'authenticator-added': ['link'],
  'authenticator-removed': ['consequence', 'link'],
  'authenticators-reset': ['link'],
  'passkey-added': ['link'],
  'passkey-removed': ['consequence', 'link'],
  'recovery-codes-renewed': ['link'],
  'set-password': ['link', 'token'],
  'sign-in-by-passkey': ['link'],
  'email-change-requested': ['link', 'token'],
  'recovery-code-used': ['link', 'left'],
  'wrong-codes': ['link'],
  'sign-in-code': ['code', 'time', 'browser', 'network'],
  'api-key-created': ['link', 'name'],
  'api-key-expires': ['link', 'name', 'owner', 'date'],
  'api-keys-ended': ['link', 'keys'],
};

/** The contents of a mail. */
export interface MailContents {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

interface Template {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/**
 * The texts of the mails: those of this package, or files with the same names in the folder `templates` of
 * the data folder.
 */
export class Templates {
  readonly #templates: ReadonlyMap<string, Template>;

  /**
   * Reads all templates.
   *
   * @throws {ConfigError} when a file has no subject, is empty, or has an unknown placeholder
   */
  constructor(dataDir: string) {
    const folders = [resolve(dataDir, 'templates'), resolve(packageRoot, 'templates')];
    this.#templates = new Map(templateNames.map((name) => [name, readTemplate(folders, name)]));
  }

  /**
   * Fills a template. Values are escaped in HTML.
   *
   * @throws {Error} when there is no template of this name
   */
  render(name: string, values: Readonly<Record<string, string>>): MailContents {
    const template = this.#templates.get(name);
    if (template === undefined) throw new Error(`There is no template ${name}`);
    return {
      subject: fill(template.subject, values),
      text: fill(template.text, values),
      html: fill(template.html, values, escapeHtml),
    };
  }
}

function readTemplate(folders: readonly string[], name: TemplateName): Template {
  const plain = readFirst(folders, `${name}.txt`);
  const html = readFirst(folders, `${name}.html`);
  const [, subject = '', text = ''] =
    /^Subject: (.*\S)[^\S\n]*\r?\n\r?\n([\s\S]*\S[\s\S]*)$/.exec(plain.text) ?? [];
  if (subject === '')
    throw new ConfigError(`${plain.file} must begin with a line "Subject: ...", an empty line and the text`);
  if (html.text.trim() === '') throw new ConfigError(`${html.file} is empty`);
  for (const { file, text } of [plain, html]) checkPlaceholders(file, text, placeholders[name]);
  return { subject, text, html: html.text };
}

function checkPlaceholders(file: string, text: string, known: readonly string[]): void {
  for (const [placeholder, name = ''] of text.matchAll(/\{\{(.*?)\}\}/g)) {
    if (!known.includes(name))
      throw new ConfigError(`${file} has ${placeholder}; it can have {{${known.join('}}, {{')}}}`);
  }
}

/** Reads the file of the operator if there is one, else that of this package. */
function readFirst(folders: readonly string[], name: string): { file: string; text: string } {
  for (const folder of folders) {
    const file = resolve(folder, name);
    try {
      return { file, text: readFileSync(file, 'utf8') };
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }
  throw new ConfigError(`The template ${name} is missing`);
}

function fill(
  template: string,
  values: Readonly<Record<string, string>>,
  quote: (text: string) => string = (text) => text,
): string {
  return template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => quote(values[name] ?? ''));
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
