/**
 * The pages of API keys and service accounts are accessible in every
 * state, and keep the rules of accessible.ts.
 *
 * @runs once, on SQLite: it is about the pages.
 */
import t from 'tap';
import { lookAt } from '../accessible.ts';
import { keysScenes } from './scenes.ts';

await lookAt(t, keysScenes);
