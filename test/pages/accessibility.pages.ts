/**
 * Every page in every state is accessible, and keeps the rules of accessible.ts.
 *
 * @runs once, on SQLite: it is about the pages.
 */
import t from 'tap';
import { lookAt } from './accessible.ts';
import { passkeyScenes } from './passkey-scenes.ts';
import { scenes } from './scenes.ts';

await lookAt(t, [...scenes, ...passkeyScenes]);
