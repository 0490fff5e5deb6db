import { type ErrorValue, type Failure } from '@shared/errors';
import type { MediumReport } from '@shared/media/report';
import { ReadBudgetSpent } from './byte-source';
import { type Facts, noFacts } from './recognise';

/** What an inspection gathers while it goes along. */
export class Findings {
  kind: MediumReport['kind'] = 'unknown';
  format: MediumReport['format'];
  virtualSize: number | undefined;
  readonly facts: Facts = noFacts();
  readonly evidence: string[] = [];
  readonly warnings: ErrorValue[] = [];
  readonly firmware = new Set<'bios' | 'uefi'>();
  readonly bits = new Set<32 | 64>();
  readonly architectures = new Set<MediumReport['architecture']>();
  private exhausted = false;

  startsFrom(firmware: 'bios' | 'uefi'): void {
    this.firmware.add(firmware);
  }

  warn(failure: Failure): void {
    this.warnings.push(failure.toValue());
  }

  /** Does one part of the looking; when the read budget ends within it, what was found so far counts. */
  async look(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ReadBudgetSpent)) throw error;
      if (!this.exhausted) this.evidence.push('not looked at further: the image is too intricate');
      this.exhausted = true;
    }
  }
}
