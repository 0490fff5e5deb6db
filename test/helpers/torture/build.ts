import { buildMain, type BuiltMain } from '../built-main';

/** The processes that are tortured, as they are in the sources now. */
export function tortureMain(): Promise<BuiltMain> {
  return buildMain({
    'machine-process': 'test/helpers/torture/machine-process.ts',
    'worker-process': 'test/helpers/torture/worker-process.ts',
    'switch-process': 'src/main/processes/switch/main.ts',
    torture: 'test/helpers/torture/victim.ts',
  });
}
