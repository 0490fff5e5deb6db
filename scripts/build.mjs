/** `npm run build`: builds the program into `out/`. `-- --if-stale` builds only when a source has changed. */
import { ensureBuild } from './lib/build.mjs';

try {
  await ensureBuild({ force: !process.argv.includes('--if-stale') });
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
