import type { components } from '@latchkey/client';
import { levelTexts as own } from '../texts/console/levels.ts';
import { Time } from './time.tsx';

/** An access level by its name, and until when it counts. */
export function Level({ user }: { readonly user: components['schemas']['VisibleUser'] }) {
  const { accessName, accessUntil } = user;
  return (
    <span class="level">
      <bdi class="badge">{accessName}</bdi>
      {typeof accessUntil === 'string' && (
        <span class="muted">
          {own.until} <Time at={accessUntil} />
        </span>
      )}
    </span>
  );
}
