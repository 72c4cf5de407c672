import { texts } from '../texts.ts';
import { Page } from './page.tsx';
import { RecoveryCodeList } from './recovery-code-list.tsx';

interface RecoveryCodesProps {
  readonly codes: readonly string[];
  /** Called when the reader has kept them. The codes are nowhere else. */
  readonly done: () => void;
}

/** A page of new recovery codes, after an account was made or has got its first passkey. */
export function RecoveryCodes({ codes, done }: RecoveryCodesProps) {
  return (
    <Page title={texts.account.codes.keep}>
      <RecoveryCodeList codes={codes} done={done} />
    </Page>
  );
}
