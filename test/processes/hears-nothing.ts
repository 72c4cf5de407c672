/**
 * `latchkey serve` with a feed of revocations that never hears of one and takes that for the truth: a process that lags,
 * without the end that two seconds put to it.
 */
import { readConfig } from '#latchkey/config/index.ts';
import { serve } from '#latchkey/server.ts';
import { RevocationFeed } from '#latchkey/tokens/revocations.ts';

RevocationFeed.prototype.poll = async () => {};
Object.defineProperty(RevocationFeed.prototype, 'isFresh', { get: () => true });
await serve(readConfig());
