// Checks the version of Node.js against the range of package.json's `engines`, which has the form `^22.18.0
// || ^24.11.0`. On other versions the SQLite driver ends the process without a message.
const { engines } = require('../package.json');

const ranges = engines.node.split(' || ').map((range) => range.slice(1).split('.').map(Number));

/** @param {string} version as in `process.versions.node` */
function supported(version) {
  const [major, minor] = version.split('.').map(Number);
  return ranges.some((range) => major === range[0] && minor >= range[1]);
}

const bring =
  'install Node.js 24, or start it with npm start or npx latchkey in the repository, which bring their own';

/**
 * Explains in one sentence what to do about an unsupported version.
 *
 * @param {string} version
 * @param {string} [advice]
 */
function explainVersion(version, advice = bring) {
  const least = ranges.map(([major, minor]) => `${major}.${minor}`);
  const versions = `${least.slice(0, -1).join(', ')} or ${least[least.length - 1]}`;
  return `this is Node.js ${version}, and Latchkey runs on ${versions} and their newer releases: ${advice}`;
}

module.exports = { supported, explainVersion };
