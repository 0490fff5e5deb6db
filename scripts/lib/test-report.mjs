import fs from 'node:fs';
import { stripVTControlCharacters } from 'node:util';

/** How many lines of a message, of a difference and of a stack are enough to know them again; all is in the output. */
const lines = 12;

/**
 * A reporter of Vitest's that writes a file with the counts and every failure in a few lines, for a summary at the
 * very end: whoever sees only the end of a long output sees what failed.
 */
export default class TestReport {
  /** @param {{ file: string }} options where the report goes: JSON of {@link readReport}'s shape */
  constructor({ file }) {
    this.file = file;
  }

  onTestRunEnd(modules, unhandledErrors) {
    const report = { passed: 0, failed: 0, skipped: 0, failures: [] };
    // What fails outside of a test fails all the same: a hook, a file that does not load, an error that nobody awaits.
    const fails = (where, errors) => {
      report.failed += errors.length;
      report.failures.push(...errors.map((error) => failure(where, error)));
    };
    for (const module of modules) {
      const where = `${module.project.name} ${module.relativeModuleId}`;
      fails(where, module.errors());
      for (const suite of module.children.allSuites()) fails(`${where} > ${suite.fullName}`, suite.errors());
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result();
        report[state === 'pending' ? 'skipped' : state]++;
        for (const error of errors ?? []) report.failures.push(failure(`${where} > ${test.fullName}`, error));
      }
    }
    fails('outside of any test', unhandledErrors);
    fs.writeFileSync(this.file, JSON.stringify(report));
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
 * What the reporter wrote, removed from the disk.
 * @returns {{ passed: number, failed: number, skipped: number, failures: { where: string, text: string }[] }}
 * @throws when the tests ended without one
 */
export function takeReport(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } finally {
    fs.rmSync(file, { force: true });
  }
}
