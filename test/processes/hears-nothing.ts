/**
 * `latchkey serve` with a feed of revocations that never gets one and counts as fresh: a process that lags,
 * without the limit of two seconds.
 */
import { readConfig } from '#latchkey/config/index.ts';
import { serve } from '#latchkey/server.ts';
import { RevocationFeed } from '#latchkey/tokens/revocations.ts';

RevocationFeed.prototype.poll = async () => {};
Object.defineProperty(RevocationFeed.prototype, 'isFresh', { get: () => true });
await serve(readConfig());
