import type { InsufficientAuthentication } from '@latchkey/client';
import { createStore } from './store.ts';

/** A request that waits until the reader has proven more. */
export interface StepUpRequest {
  readonly slug: InsufficientAuthentication['slug'];
  /** Goes on: true sends the request again, false leaves it refused. */
  readonly finish: (isProven: boolean) => void;
}

/** What components/step-up.tsx asks for; undefined when nothing waits. */
export const stepUp = createStore<StepUpRequest | undefined>(undefined);

/** Opens the dialog that asks for the reader's authenticators. @returns false when it was cancelled */
export function askToProve({ slug }: Pick<StepUpRequest, 'slug'>): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (isProven: boolean) => {
      stepUp.set(undefined);
      resolve(isProven);
    };
    stepUp.set({ slug, finish });
  });
}
