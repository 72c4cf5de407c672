import { type Finding, ok, warning } from './finding.ts';

const CHECK = 'node';

/**
 * The end of life of each supported version of Node.js: https://github.com/nodejs/Release#release-schedule
 *
 * The versions are those of `engines` in package.json.
 */
export const endsOfLife: Readonly<Record<string, string>> = {
  22: '2027-04-30',
  24: '2028-04-30',
  26: '2029-04-30',
};

/**
 * Checks that this Node.js gets security fixes and that Latchkey is tested with it.
 *
 * @param version as in `process.versions.node`
 */
export function checkNode(version: string = process.versions.node, now: Date = new Date()): Finding {
  const [major = ''] = version.split('.');
  const end = endsOfLife[major];
  if (end === undefined) {
    const supported = new Intl.ListFormat('en', { type: 'disjunction' }).format(Object.keys(endsOfLife));
    return warning(CHECK, `Latchkey is not tested with Node.js ${version}`, `install Node.js ${supported}`);
  }
  if (now < new Date(end)) return ok(CHECK, `${version}, which gets security fixes until ${end}`);
  const found = `Node.js ${version} has had no security fixes since ${end}`;
  return warning(CHECK, found, 'install a newer version, and a newer Latchkey if it is needed for that');
}
