/** Texts of the screen: a service account. */
export const serviceAccountTexts = {
  title: 'Service account',
  back: 'All service accounts',
  missing: 'There is no service account at this address. It may have been deleted.',
  id: 'Id',
  name: 'Name',
  level: 'Level',
  until: 'until',
  state: 'State',
  createdAt: 'Made',
  updatedAt: 'Changed',
  above: 'Its level is above what you may give. Only an admin of that level can change it.',

  keys: 'API keys',
  suspended: 'The account is disabled: all its keys are suspended.',

  change: 'Change it',
  levelHint: 'It counts at once, for all keys.',
  save: 'Save',
  saved: 'The change is saved.',
  same: 'Nothing was changed.',
  conflict: 'Somebody else has changed this account meanwhile. Nothing of yours is saved yet:',
  conflictLine: (what: string, before: string, now: string, yours: string) =>
    before === yours
      ? `${what}: it was ${before}, and is ${now} now.`
      : `${what}: it was ${before}, and is ${now} now. You wanted ${yours}.`,
  conflictOther: 'What changed is not in this form.',
  overtaken: 'Somebody else has changed this account meanwhile. Look at it again: nothing of yours was done.',
  conflictNext: 'Look at it again, then save.',

  disable: 'Disable',
  disableTitle: 'Disable this account',
  disableExplain: 'All its keys are refused at once, until it is enabled again.',
  enableExplain: 'It is disabled. When it is enabled, its keys work again.',
  enable: 'Enable',
  disabledNow: 'The account is disabled.',
  enabledNow: 'The account is enabled.',
  delete: 'Delete',
  deleteTitle: 'Delete this account',
  deleteExplain: (keys: number) =>
    keys === 0
      ? 'It has no keys that work. The account is deleted for good.'
      : keys === 1
        ? 'Its key ends at once, and for good.'
        : `Its ${keys} keys end at once, and for good.`,
  disableOrDelete: 'Disable or delete',
  stop: 'Disable stops its keys for a time. Delete ends them for good.',
};
