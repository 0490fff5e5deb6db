/**
 * `npm test`: sets up what the tests need and runs all of them.
 *
 *   npm test                              everything
 *   npm test -- --only lint,unit          some stages: lint types unit conformance integration e2e
 *
 * The last line is `N passed, N failed, N skipped`.
 */
import os from 'node:os';
import path from 'node:path';
import { ensureBuild } from './lib/build.mjs';
import { ensurePackages } from './lib/packages.mjs';
import { nodeProblem, root, run, runPackage } from './lib/project.mjs';
import { ensureSystemPackages } from './lib/system-packages.mjs';
import { takeReport } from './lib/test-report.mjs';

const only = process.argv.includes('--only')
  ? process.argv[process.argv.indexOf('--only') + 1].split(',')
  : null;
const wanted = (stage) => !only || only.includes(stage);
const total = { passed: 0, failed: 0, skipped: 0 };
/** What failed and with which words, to be said again at the end. */
const failures = [];
/** What failed beside others, and not when it was run alone. */
const unsteady = [];

/** Runs a stage with those of its names that are wanted, and says how long it took. */
async function stage(names, work) {
  const here = names.filter(wanted);
  if (here.length === 0) return;
  console.log(`\n── ${here.join(', ')} ──`);
  const started = Date.now();
  await work(here);
  console.log(`── ${here.join(', ')}: ${((Date.now() - started) / 1000).toFixed(0)} s ──`);
}

/** What was found out about a file is used again while its contents, the settings and the program are the same. */
const cached = (name) => [
  '--cache',
  '--cache-strategy',
  'content',
  '--cache-location',
  `.cache/checks/${name}`,
];
const types = (name) => [
  ...['-p', `tsconfig.${name}.json`],
  ...['--incremental', '--tsBuildInfoFile', `.cache/checks/${name}.tsbuildinfo`],
];

/** What checks the sources, by stage: title, package and arguments. The slowest first. */
const checks = {
  lint: [
    ['eslint', 'eslint', ['.', '--max-warnings', '0', ...cached('eslint')]],
    ['prettier', 'prettier', ['--check', '--log-level', 'warn', '.', ...cached('prettier')]],
  ],
  types: [
    ['renderer', 'vue-tsc', ['-p', 'tsconfig.web.json']],
    ['main', 'typescript', types('node')],
    ['end-to-end tests', 'typescript', types('e2e')],
    ['preload', 'typescript', types('preload')],
  ],
};

/** How many programs run side by side that compute all the time. */
const sideBySide = Math.max(2, os.availableParallelism());
/** How many files of tests: those with guests wait for them, for disks and for time about half of theirs. */
const filesAtOnce = 2 * sideBySide;
/** How many files with apps, each of which is a window, its server and a machine that compute at the same time. */
const appsAtOnce = sideBySide + 1;

/** Runs programs that compute on one processor each, side by side. Each of them counts as one test. */
async function check(programs) {
  const waiting = [...programs];
  const runInTurn = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [title, program, args] = next;
      if ((await runPackage(program, args)) === 0) total.passed++;
      else {
        total.failed++;
        console.log(`FAILED: ${title}`);
        failures.push({ where: title, text: 'what it says is above' });
      }
    }
  };
  await Promise.all(Array.from({ length: sideBySide }, runInTurn));
}

/** Runs files of vitest's projects, or all of them, so many at a time. @returns its report; undefined: it made none */
async function runVitest(workers, projects, files) {
  const report = path.join(os.tmpdir(), `vivarium-test-${process.pid}-${projects[0]}.json`);
  const words = [
    'run',
    ...files,
    ...projects.flatMap((project) => ['--project', project]),
    `--maxWorkers=${workers}`,
  ];
  const status = await runPackage('vitest', words, {
    env: { ...process.env, VIVARIUM_TEST_WHOLE: '1', VIVARIUM_TEST_REPORT: report },
  });
  try {
    const result = takeReport(report);
    // It may have failed without any test that did.
    const failed = result.unsound.failed + result.outside.failed;
    if (status !== 0 && failed === 0) result.outside.failed++;
    return result;
  } catch (error) {
    total.failed++;
    failures.push({ where: projects.join(', '), text: `no counts: ${error.message}` });
    return undefined;
  }
}

function add({ passed, failed, skipped, failures: those }) {
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
  failures.push(...those);
}

/**
 * Runs projects of vitest, so many files at a time. A file with failures is run once more when nothing else computes:
 * what fails again counts. What does not is told at the end all the same, for it was a sign of something.
 */
async function vitest(workers, ...projects) {
  const first = await runVitest(workers, projects, []);
  if (!first) return;
  add(first.sound);
  add(first.outside);
  if (first.files.length === 0) return;
  console.log(`\n── once more, alone: ${first.files.join(', ')} ──`);
  const again = await runVitest(1, projects, first.files);
  if (!again) return;
  add(again.sound);
  add(again.unsound);
  add(again.outside);
  const still = new Set(again.unsound.failures.map(({ where }) => where));
  unsteady.push(...first.unsound.failures.filter(({ where }) => !still.has(where)));
}

async function main() {
  const problem = nodeProblem();
  if (problem) throw new Error(problem);
  await ensurePackages();
  const missing = await ensureSystemPackages();
  if (missing.length > 0) {
    console.log('\nMissing on this computer; the tests that need them are SKIPPED:');
    for (const need of missing) console.log(`  ${need.program} (${need.package}): ${need.for}`);
  }
  if ((await run(process.execPath, [path.join(root, 'scripts', 'resources.mjs')])) !== 0) {
    throw new Error('The resources could not be built.');
  }
  await ensureBuild();

  await stage(['lint', 'types'], (here) => check(here.flatMap((name) => checks[name])));
  // Together: the short ones, which compute, fill the time in which the long ones wait for their guests.
  await stage(['unit', 'conformance', 'integration'], (here) =>
    vitest(filesAtOnce, ...here.flatMap((name) => (name === 'unit' ? ['node', 'renderer'] : [name]))),
  );
  await stage(['e2e'], () => vitest(appsAtOnce, 'e2e'));
}

const started = Date.now();
try {
  await main();
} catch (error) {
  console.error(error.message);
  total.failed++;
}
const tell = (title, list) => {
  if (list.length > 0) console.log(`\n── ${title} ──`);
  for (const { where, text } of list) console.log(`${where}\n${text.replace(/^/gm, '    ')}`);
};
tell('failed at first, and not when run alone', unsteady);
tell('failed', failures);
console.log(`\n${((Date.now() - started) / 1000).toFixed(0)} s in all`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
