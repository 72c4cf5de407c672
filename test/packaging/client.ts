/** Client that retries when the service is overloaded, as it may be after a start on a busy machine. */
import type { Service, ServiceAnswer } from '../child.ts';
import { until } from '../until.ts';

export async function askAgain(
  { ask }: Service,
  ...[method, path, options]: Parameters<Service['ask']>
): Promise<ServiceAnswer> {
  let answer: ServiceAnswer | undefined;
  await until(async () => {
    answer = await ask(method, path, options);
    return answer.status !== 503;
  });
  if (answer === undefined) throw new Error('Nothing was asked');
  return answer;
}
