import fc from 'fast-check';

/**
 * Property-based tests draw the same examples in every run, so that a failure is a change's own. `VIVARIUM_SEED=N`
 * draws others; the report of a failure names the seed.
 */
fc.configureGlobal({ seed: Number(process.env['VIVARIUM_SEED'] ?? 20_260_101) });
