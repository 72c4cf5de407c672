/** Every screen of the console in every state that looks different. */
import type { Scene } from '../scenes.ts';
import { apiKeysScenes } from './api-keys-scenes.ts';
import { auditScenes } from './audit-scenes.ts';
import { elevatedScenes } from './elevated-scenes.ts';
import { invitationsScenes } from './invitations-scenes.ts';
import { overviewScenes } from './overview-scenes.ts';
import { routesScenes } from './routes-scenes.ts';
import { serviceAccountsScenes } from './service-accounts-scenes.ts';
import { settingsScenes } from './settings-scenes.ts';
import { userScenes } from './user-scenes.ts';
import { usersScenes } from './users-scenes.ts';

/** Lists of people. Each group has a test of its own, for all of them take long. */
export const peopleScenes: readonly Scene[] = [...usersScenes, ...invitationsScenes, ...elevatedScenes];

export const keysScenes: readonly Scene[] = [...apiKeysScenes, ...serviceAccountsScenes];

export const serviceScenes: readonly Scene[] = [
  ...overviewScenes,
  ...auditScenes,
  ...routesScenes,
  ...settingsScenes,
];

export const consoleScenes = [...serviceScenes, ...peopleScenes, ...userScenes, ...keysScenes];
