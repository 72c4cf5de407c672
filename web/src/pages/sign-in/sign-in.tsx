import { useState } from 'preact/hooks';
import { type Flow, MailCode, MailCodeAddress } from './mail-code.tsx';
import { type Challenge, SecondFactor } from './second-factor.tsx';
import { Start } from './start.tsx';

type Step =
  | { readonly name: 'start' }
  | { readonly name: 'mail-code-address'; readonly email: string }
  | { readonly name: 'mail-code'; readonly flow: Flow }
  | { readonly name: 'second-factor'; readonly challenge: Challenge };

const START: Step = { name: 'start' };

/** Signs in: a password, a passkey or a code by mail first, then the second factor where there is one. */
export function SignIn() {
  const [step, setStep] = useState<Step>(START);
  const leave = () => setStep(START);
  const goOn = (challenge: Challenge) => setStep({ name: 'second-factor', challenge });
  const byMail = (email: string) => setStep({ name: 'mail-code-address', email });
  const sent = (flow: Flow) => setStep({ name: 'mail-code', flow });
  switch (step.name) {
    case 'start':
      return <Start goOn={goOn} byMail={byMail} />;
    case 'mail-code-address':
      return <MailCodeAddress email={step.email} sent={sent} leave={leave} />;
    case 'mail-code':
      return <MailCode flow={step.flow} goOn={goOn} again={byMail} leave={leave} />;
    case 'second-factor':
      return <SecondFactor challenge={step.challenge} leave={leave} />;
  }
}
