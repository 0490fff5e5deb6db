import type { Client } from '../connect';
import type { CommandEntry } from '../entries';
import type { Output } from '../output';
import type { Program } from '../program';

/** What a command of the command line itself has to work with. */
export interface Surroundings {
  /** Attaches to the program, or starts it; the same connection every time. */
  client(): Promise<Client>;
  output: Output;
  /** Every command that there is. */
  entries: readonly CommandEntry[];
  program: Program;
  dataFolder: string;
}

/** A command that is more than one command of the contract. */
export interface SpecialCommand extends CommandEntry {
  /** @returns the exit status. @throws UsageError, Failure */
  run(words: readonly string[], surroundings: Surroundings): Promise<number>;
}
