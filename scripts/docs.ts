/**
 * `npm run docs`: writes the generated parts of the pages in docs/reference. Run it after a change of a
 * route, a problem, a variable, a command, a metric or an audit event.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fillIn } from './reference/fill-in.ts';
import { pages } from './reference/pages.ts';

for (const [file, describe] of Object.entries(pages))
  writeFileSync(file, fillIn(readFileSync(file, 'utf8'), await describe()));
