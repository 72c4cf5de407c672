/** Fails when openapi/openapi.json differs from what the app serves by default. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const served = execFileSync(process.execPath, ['bin/latchkey.js', 'openapi'], { encoding: 'utf8' });
if (served !== readFileSync('openapi/openapi.json', 'utf8')) {
  process.stderr.write(
    'openapi/openapi.json is not what the app serves: run npm run openapi and commit it\n',
  );
  process.exitCode = 1;
}
