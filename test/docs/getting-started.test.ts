/**
 * Runs every code block of docs/getting-started.md.
 *
 * @runs once, on SQLite: that is what the page uses.
 */
import t from 'tap';
import { followPage } from './reader.ts';

t.test('Every code block of docs/getting-started.md does what the page says', (t) =>
  followPage(t, 'docs/getting-started.md'),
);
