/**
 * Runs every code block of README.md.
 *
 * @runs once, on SQLite: that is what the page uses.
 */
import t from 'tap';
import { followPage } from './reader.ts';

t.test('Every code block of README.md does what the page says', (t) => followPage(t, 'README.md'));
