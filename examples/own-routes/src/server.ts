import { readConfig } from 'latchkey/config';
import { serve } from 'latchkey/server';
import { routes } from './routes.ts';

await serve(readConfig(), { routes });
