import { apiKeyTexts } from '../../texts/api-keys.ts';
import type { KeyOwner } from './owner.ts';

const own = apiKeyTexts.limits;

/** Says in short what no key may do. */
export function Limits({ kind }: Pick<KeyOwner, 'kind'>) {
  return (
    <details class="group">
      <summary>{own.title}</summary>
      <ul>
        <li>{own.session}</li>
        <li>{own.account}</li>
        <li>{own.keys}</li>
        <li>{own[kind]}</li>
        <li>{own.admins}</li>
      </ul>
      {kind === 'person' && <p>{own.ends}</p>}
    </details>
  );
}
