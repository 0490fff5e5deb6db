import { provideImageData, type ScreenAdapter } from '../../display/screen-adapter';
import type { V86Cpu, V86Emulator, V86Options } from './emulator-types';
import { instantiateWasm, loadV86 } from './load-v86';
import type { Processor } from './run-control';
import { takeOverScheduling } from './scheduler';

/** The options that the emulator itself does not decide. */
export type EmulatorOptions = Omit<
  V86Options,
  | 'wasm_fn'
  | 'autostart'
  | 'preserve_mac_from_state_image'
  | 'disable_speaker'
  | 'disable_keyboard'
  | 'disable_mouse'
>;

/** The emulated computer, switched off until `run`. */
export class Emulator implements Processor {
  #broken = false;

  private constructor(readonly v86: V86Emulator) {}

  /**
   * Builds the computer. Resolves when its devices exist.
   * @param onTrap told when the emulator fails while it runs; nothing more happens in it then
   * @throws Failure `engine.not-found`, or what the emulator throws while it sets itself up
   */
  static async create(
    options: EmulatorOptions,
    screen: ScreenAdapter,
    onTrap: (error: unknown) => void,
  ): Promise<Emulator> {
    const { V86 } = await loadV86();
    provideImageData();
    return new Promise((resolve, reject) => {
      const v86 = new V86({
        ...options,
        wasm_fn: async (imports) => {
          try {
            return await instantiateWasm(imports);
          } catch (error) {
            reject(error);
            throw error;
          }
        },
        autostart: false,
        preserve_mac_from_state_image: true,
        disable_speaker: true,
        disable_keyboard: true,
        disable_mouse: true,
      });
      // v86 sets this property to a screen of its own, and a moment later hands what it reads here to its VGA.
      Object.defineProperty(v86, 'screen_adapter', { get: () => screen, set: () => {} });
      const emulator = new Emulator(v86);
      let setUpError: unknown;
      watchSetUp(v86, (error) => (setUpError = error));
      v86.add_listener('emulator-loaded', () => {
        if (setUpError !== undefined) {
          reject(setUpError);
          return;
        }
        takeOverScheduling(v86.v86, (error) => {
          emulator.#broken = true;
          onTrap(error);
        });
        resolve(emulator);
      });
    });
  }

  get cpu(): V86Cpu {
    return this.v86.v86.cpu;
  }

  run(): void {
    if (!this.#broken) this.v86.v86.run();
  }

  stop(): Promise<void> {
    if (this.#broken || !this.v86.is_running()) return Promise.resolve();
    return new Promise((resolve) => {
      const stopped = (): void => {
        this.v86.remove_listener('emulator-stopped', stopped);
        resolve();
      };
      this.v86.add_listener('emulator-stopped', stopped);
      const scheduler = this.v86.v86;
      scheduler.stop();
      // An idle guest would notice when its next timer is due; this way it notices at once.
      scheduler.next_tick(0);
    });
  }

  /** Precondition: stopped. */
  reset(): void {
    this.v86.restart();
  }

  /** Precondition: stopped, and no disk request under way. */
  save(): ArrayBuffer {
    return this.v86.v86.save_state();
  }

  /** Precondition: never run. @throws Error when it is no state of this version of v86 */
  restore(state: ArrayBuffer): void {
    this.v86.v86.restore_state(state);
  }
}

/** v86 would leave an error of this step (not enough memory, say) to the process as an unhandled rejection. */
function watchSetUp(v86: V86Emulator, onError: (error: unknown) => void): void {
  let scheduler: V86Emulator['v86'] | undefined;
  Object.defineProperty(v86, 'v86', {
    get: () => scheduler,
    set: (created: V86Emulator['v86']) => {
      scheduler = created;
      const init = created.init.bind(created);
      created.init = (settings) => {
        try {
          init(settings);
        } catch (error) {
          onError(error);
        }
      };
    },
  });
}
