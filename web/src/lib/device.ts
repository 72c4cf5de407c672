import { parse } from 'bowser';
import { texts } from '../texts.ts';

const own = texts.account.device;

/** Characters of a User-Agent that are shown when it is not one of a known browser. */
const MAX_LENGTH = 60;

/** Names the device of a User-Agent: `Firefox on Windows`. Both are hostile text. */
export function describeDevice(userAgent: string | null): string {
  const text = userAgent?.trim() ?? '';
  if (text === '') return own.unknown;
  const { browser, os } = parse(text);
  if (browser.name && os.name) return own.of(browser.name, os.name);
  return browser.name || (text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text);
}
