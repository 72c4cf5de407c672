import type { paths } from '@latchkey/client';

/** The service at a glance, as it is answered. */
export type ControlPanel = paths['/control-panel']['get']['responses'][200]['content']['application/json'];
