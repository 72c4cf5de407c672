import { askToProve } from '../lib/step-up.ts';
import { texts } from '../texts.ts';

/** Asks for the second factor of the reader, which opens more. */
export function ProveButton() {
  return (
    <button
      type="button"
      class="button primary"
      onClick={() => void askToProve({ slug: 'two-factors-required' })}
    >
      {texts.account.access.prove}
    </button>
  );
}
