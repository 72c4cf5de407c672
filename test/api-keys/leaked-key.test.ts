/** The form of keys, and the expressions of docs/guides/api-keys.md that find leaked ones. */
import { readFileSync } from 'node:fs';
import { lintSource } from '@secretlint/core';
import { creator as pattern } from '@secretlint/secretlint-rule-pattern';
import t from 'tap';
import { newId } from '#latchkey/lib/id.ts';
import { newApiKey, readApiKeyId } from '#latchkey/tokens/api-key.ts';

const guide = readFileSync('docs/guides/api-keys.md', 'utf8');

/** The code block behind a mark of the guide. */
function block(mark: string): string {
  const found = new RegExp(`<!-- ${mark} -->\\n\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``).exec(guide)?.[1];
  if (found === undefined) throw new Error(`The guide has no ${mark}`);
  return found.trim();
}

t.test('A key has its id and a checksum, and every change of a character is noticed', async (t) => {
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  const expression = new RegExp(`^(?:${block('regex')})$`);
  for (let n = 0; n < 200; n++) {
    const id = newId();
    const key = newApiKey(id);
    if (!expression.test(key) || readApiKeyId(key) !== id) t.fail(key);
    const at = 3 + ((n * 7) % (key.length - 3));
    const other = digits[(digits.indexOf(key.charAt(at)) + 1 + n) % digits.length];
    const typo = key.slice(0, at) + other + key.slice(at + 1);
    if (typo !== key && readApiKeyId(typo) !== undefined) t.fail(`${typo} is no key`);
  }
  const key = newApiKey('00000000-0000-7000-8000-000000000000');
  t.equal(readApiKeyId(key), '00000000-0000-7000-8000-000000000000');
  for (const text of ['', 'lk_', key.slice(1), `${key}0`, ` ${key}`, key.toUpperCase()])
    t.equal(readApiKeyId(text), undefined, JSON.stringify(text));
});

t.test('secretlint finds a leaked key with the configuration of the guide', async (t) => {
  const { rules } = JSON.parse(block('secretlint'));
  const lint = async (content: string) => {
    const { messages } = await lintSource({
      source: { filePath: '/config.yaml', content, contentType: 'text' },
      options: { config: { rules: rules.map((rule: object) => ({ ...rule, rule: pattern })) } },
    });
    return messages.length;
  };
  const key = newApiKey(newId());
  t.equal(await lint(`apiKey: "${key}"\n`), 1);
  t.equal(await lint(`url = https://example.com/?key=${key}&a=b`), 1);
  t.equal(await lint('apiKey: lk_put-yours-here\n'), 0);
  t.ok(guide.includes(`regex = '''${block('regex')}'''`), 'gitleaks has the same expression');
});
