import { builtMainVariable, bundle, commonEntries } from './built-main';

/** Before the first file of a run: bundles the process entries that all its files share. Gives what undoes it. */
export default async function buildOnce(): Promise<() => Promise<void>> {
  const built = await bundle(commonEntries);
  process.env[builtMainVariable] = built.folder;
  return async () => {
    delete process.env[builtMainVariable];
    await built.remove();
  };
}
