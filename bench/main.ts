import { runBenches } from './run';

/**
 * Whether every goal was met. They run while this module is being imported: what they import themselves as they go
 * cannot be had from Vite any more once its import has ended.
 */
export const met = await runBenches(process.argv.slice(2));
