import { config } from 'zod';

/**
 * Has to be imported before anything that makes a schema: zod would otherwise try to compile validators with
 * `new Function`, which the content security policy forbids and reports.
 */
config({ jitless: true });
