import { buildMain, type BuiltMain } from '../core';

/** The processes that are tortured, as they are in the sources now. */
export function tortureMain(): Promise<BuiltMain> {
  return buildMain({
    'machine-process': 'src/main/processes/machine/main.ts',
    'worker-process': 'src/main/processes/worker/main.ts',
    'switch-process': 'src/main/processes/switch/main.ts',
    torture: 'test/helpers/torture/victim.ts',
  });
}
