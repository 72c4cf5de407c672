/**
 * The screen of one user is accessible in every state, and keeps the rules of accessible.ts.
 *
 * @runs once, on SQLite: it is about the pages.
 */
import t from 'tap';
import { lookAt } from '../accessible.ts';
import { userScenes } from './user-scenes.ts';

await lookAt(t, userScenes);
