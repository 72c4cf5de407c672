/**
 * The screens of the console about the service are accessible in every
 * state, and keep the rules of accessible.ts.
 *
 * @runs once, on SQLite: it is about the pages.
 */
import t from 'tap';
import { lookAt } from '../accessible.ts';
import { serviceScenes } from './scenes.ts';

await lookAt(t, serviceScenes);
