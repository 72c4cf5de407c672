/**
 * Every page of one's own account in every state is accessible, and keeps the rules of accessible.ts.
 *
 * @runs once, on SQLite: it is about the pages.
 */
import t from 'tap';
import { lookAt } from './accessible.ts';
import { accountScenes } from './account-scenes.ts';

await lookAt(t, accountScenes);
