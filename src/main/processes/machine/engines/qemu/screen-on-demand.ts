import { toErrorValue } from '@shared/errors';
import type { ScreenCapture } from '../../engine';
import type { ScreenAddress } from './screen-address';
import { type ScreenNews, ScreenWatch } from './screen-watch';

/** How long after a glance somebody still counts as looking, in milliseconds: thumbnails follow within five seconds. */
const usualLingerMs = 8000;
/** How long QEMU may take to send a whole screen, in milliseconds. */
const wholeMs = 2000;

/**
 * Watches the screen while somebody looks, and only then: for whoever is connected with its VNC server QEMU draws a
 * screen in motion thirty times a second, which takes a guest in text mode 3 % of its speed. What the news tell is
 * therefore only known while somebody looks. One who only glances is connected all the time with a screen that rests,
 * which costs nothing, and anew for each glance at one in motion.
 */
export class ScreenOnDemand {
  #watch: ScreenWatch | undefined;
  #connecting: Promise<void> | undefined;
  #viewers = 0;
  /** The version that the last glance saw. */
  #seen: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param log told why the screen cannot be watched; it is tried again with the next look */
  constructor(
    private readonly address: ScreenAddress,
    private readonly news: ScreenNews,
    private readonly log: (line: string) => void,
    private readonly lingerMs = usualLingerMs,
  ) {}

  /** Somebody looks from now on, until the function that this returns is called, once. */
  attend(): () => void {
    this.#viewers++;
    void this.#connect();
    return () => {
      this.#viewers--;
      this.#linger();
    };
  }

  /** The picture of a moment ago; undefined where none can be had. One glance at a time. */
  async glance(): Promise<ScreenCapture | undefined> {
    const { picture } = this.news;
    await this.#connect();
    if (!this.#watch) return undefined;
    // What is different by now is for the next glance, unless nothing is known at all.
    this.#watch.requestChanges(picture.isNew);
    await picture.complete(wholeMs);
    const { capture } = picture;
    const moves = capture?.version !== this.#seen;
    this.#seen = capture?.version;
    if (moves && this.#viewers === 0) this.#letGo();
    else this.#linger();
    return capture;
  }

  close(): void {
    this.#closed = true;
    this.#letGo();
  }

  #connect(): Promise<void> {
    if (this.#watch?.closed) this.#letGo();
    if (this.#watch || this.#closed) return Promise.resolve();
    this.#connecting ??= this.#connectNow().finally(() => (this.#connecting = undefined));
    return this.#connecting;
  }

  async #connectNow(): Promise<void> {
    try {
      this.#watch = await ScreenWatch.connect(this.address, this.news);
    } catch (error) {
      if (!this.#closed) this.log(`The screen cannot be watched: ${toErrorValue(error).message}`);
    }
    if (this.#closed) this.#letGo();
    else this.#linger();
  }

  #linger(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.#viewers === 0) this.#letGo();
    }, this.lingerMs).unref();
  }

  #letGo(): void {
    clearTimeout(this.#timer);
    this.#watch?.close();
    this.#watch = undefined;
    this.news.picture.forget();
  }
}
