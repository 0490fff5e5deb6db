import type { ScreenAdapter } from '../../display/screen-adapter';

/** Milliseconds between two pictures: motion looks like motion, text that scrolls leaves the guest its time. */
const fastest = 1000 / 60;
const slowest = { graphics: 1000 / 30, text: 100 };
const unwatched = 500;
/** Part of this thread's time that fetching pictures may take while somebody looks. */
const timeShare = 0.01;

/** A screen as it is shown: size in pixels. */
export interface ScreenMode {
  width: number;
  height: number;
  text: boolean;
}

/** Fetches pictures from the emulated graphics card: often while somebody looks, seldom while nobody does. */
export class ScreenPump {
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  #watched = false;
  #cost = 0;
  #mode: ScreenMode = { width: 0, height: 0, text: true };
  #generation = 0;
  #changes = 0;

  /**
   * @param fill asks the card to draw what changed
   * @param watched whether a viewer is there
   */
  constructor(
    private readonly screen: ScreenAdapter,
    private readonly fill: () => void,
    private readonly watched: () => boolean,
    private readonly onMode: (mode: ScreenMode) => void,
  ) {}

  /** Pictures that were different from the one before, since the pump began. */
  get changes(): number {
    return this.#changes;
  }

  start(): void {
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** A viewer has come: it does not wait for the next slow picture. */
  wake(): void {
    if (this.#watched || this.#stopped) return;
    clearTimeout(this.#timer);
    this.#tick();
  }

  /** Fetches a picture at once. */
  refresh(): void {
    const start = performance.now();
    this.fill();
    this.screen.refresh(start);
    this.#cost = this.#cost * 0.9 + (performance.now() - start) * 0.1;
    this.#look();
  }

  #tick(): void {
    this.refresh();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#watched = this.watched();
    const limit = this.#mode.text ? slowest.text : slowest.graphics;
    const interval = Math.min(limit, Math.max(fastest, this.#cost / timeShare));
    this.#timer = setTimeout(() => this.#tick(), this.#watched ? interval : unwatched);
  }

  #look(): void {
    const { frame, graphical } = this.screen;
    if (frame.generation !== this.#generation) {
      this.#generation = frame.generation;
      this.#changes++;
    }
    const { width, height, text } = this.#mode;
    if (frame.width === width && frame.height === height && text === !graphical) return;
    this.#mode = { width: frame.width, height: frame.height, text: !graphical };
    this.onMode(this.#mode);
  }
}
