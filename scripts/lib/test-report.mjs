import fs from 'node:fs';
import { stripVTControlCharacters } from 'node:util';

/** How many lines of a message, of a difference and of a stack are enough to know them again; all is in the output. */
const lines = 12;

/** Counts of tests, and what failed in which words. */
export const nothing = () => ({ passed: 0, failed: 0, skipped: 0, failures: [] });

/**
 * A reporter of Vitest's that writes a file with the counts and every failure in a few lines, for a summary at the
 * very end: whoever sees only the end of a long output sees what failed.
 */
export default class TestReport {
  /** @param {{ file: string }} options where the report goes: JSON of {@link takeReport}'s shape */
  constructor({ file }) {
    this.file = file;
  }

  onTestRunEnd(modules, unhandledErrors) {
    const report = { sound: nothing(), unsound: nothing(), files: [], outside: nothing() };
    for (const module of modules) {
      const counts = module.ok() ? report.sound : report.unsound;
      if (!module.ok()) report.files.push(module.relativeModuleId);
      count(module, counts);
    }
    fails(report.outside, 'outside of any test', unhandledErrors);
    fs.writeFileSync(this.file, JSON.stringify(report));
  }
}

/** What fails outside of a test fails all the same: a hook, a file that does not load, an error that nobody awaits. */
function fails(counts, where, errors) {
  counts.failed += errors.length;
  counts.failures.push(...errors.map((error) => failure(where, error)));
}

function count(module, counts) {
  const where = `${module.project.name} ${module.relativeModuleId}`;
  fails(counts, where, module.errors());
  for (const suite of module.children.allSuites())
    fails(counts, `${where} > ${suite.fullName}`, suite.errors());
  for (const test of module.children.allTests()) {
    const { state, errors } = test.result();
    counts[state === 'pending' ? 'skipped' : state]++;
    for (const error of errors ?? []) counts.failures.push(failure(`${where} > ${test.fullName}`, error));
  }
}

function failure(where, error) {
  const ours = (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line) && !line.includes('node_modules'));
  const says = [
    `${error.name}: ${error.message}`,
    ...(error.diff ? [stripVTControlCharacters(error.diff)] : []),
  ];
  const cut = says.flatMap((text) => text.split('\n').slice(0, lines));
  return { where, text: [...cut, ...ours.slice(0, lines)].join('\n') };
}

/**
 * What the reporter wrote, removed from the disk: counts of the files in which nothing failed (`sound`), of the others
 * (`unsound`), which those are (`files`), and of errors that belong to none (`outside`).
 * @throws when the tests ended without one
 */
export function takeReport(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } finally {
    fs.rmSync(file, { force: true });
  }
}
