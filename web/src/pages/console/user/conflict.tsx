import type { ComponentChildren } from 'preact';
import { Notice } from '../../../components/notice.tsx';
import { Table } from '../../../components/table.tsx';
import { Time } from '../../../components/time.tsx';
import { userTexts } from '../../../texts/console/user.ts';
import type { Levels } from './levels.ts';
import type { User } from './person.ts';

const own = userTexts.conflict;
const facts = userTexts.facts;

type Field = keyof typeof own.fields;

/** What an admin wants, by what it is about. */
export type Mine = Partial<Pick<User, 'name' | 'access' | 'accessUntil' | 'permanentAccess' | 'disabled'>> & {
  readonly account?: 'deleted';
};

interface ConflictProps {
  readonly before: User;
  readonly now: User;
  readonly mine: Mine;
  readonly levels: Levels;
}

/** Shows what somebody else has changed beside what is wanted. */
export function Conflict({ before, now, mine, levels }: ConflictProps) {
  const rows = fields.filter((field) => keyOf(field, before) !== keyOf(field, now) || isWanted(field, mine));
  const isSame = fields.every((field) => keyOf(field, before) === keyOf(field, now));
  const show = (field: Field, user: Mine & Partial<User>) => <Value {...{ field, user, levels }} />;
  return (
    <div class="conflict">
      <Notice tone="warning">
        {own.text} {isSame && own.same}
      </Notice>
      <Table
        caption={own.caption}
        items={rows}
        keyOf={(field) => field}
        columns={[
          { title: own.field, cell: (field) => own.fields[field] },
          { title: own.was, cell: (field) => show(field, before) },
          { title: own.now, cell: (field) => show(field, now) },
          {
            title: own.mine,
            cell: (field) => (isWanted(field, mine) ? <strong>{show(field, mine)}</strong> : own.notMine),
          },
        ]}
      />
    </div>
  );
}

const fields = Object.keys(own.fields).filter((name): name is Field => Object.hasOwn(own.fields, name));

function isWanted(field: Field, mine: Mine): boolean {
  return field in mine;
}

/** The same text for the same value. */
function keyOf(field: Field, user: User): string {
  if (field === 'account') return '';
  return JSON.stringify(field === 'access' ? [user.access, user.accessUntil] : user[field]);
}

interface ValueProps {
  readonly field: Field;
  readonly user: Mine & Partial<User>;
  readonly levels: Levels;
}

function Value({ field, user, levels }: ValueProps): ComponentChildren {
  const { name, email, access, accessUntil, permanentAccess, disabled, secondFactor, account } = user;
  switch (field) {
    case 'name':
      return <bdi>{name}</bdi>;
    case 'email':
      return <bdi>{email}</bdi>;
    case 'access':
      return (
        <>
          <bdi>{levels.nameOf(access ?? 0)}</bdi>
          {typeof accessUntil === 'string' && (
            <>
              {' '}
              {userTexts.untilWord} <Time at={accessUntil} />
            </>
          )}
        </>
      );
    case 'permanentAccess':
      return <bdi>{levels.nameOf(permanentAccess ?? 0)}</bdi>;
    case 'disabled':
      return disabled ? facts.disabled : facts.enabled;
    case 'secondFactor':
      return secondFactor ? facts.hasSecondFactor : facts.noSecondFactor;
    case 'account':
      return account === undefined ? own.exists : own.deleted;
  }
}
