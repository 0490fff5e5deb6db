import { toErrorValue } from '@shared/errors';
import type { ScreenCapture } from '../../engine';
import type { ScreenAddress } from './screen-address';
import { type ScreenNews, ScreenWatch } from './screen-watch';

/** How long after a glance somebody still counts as looking, in milliseconds: thumbnails follow within four seconds. */
const usualLingerMs = 6000;

/**
 * Watches the screen while somebody looks, and only then: for whoever is connected with its VNC server QEMU draws
 * thirty times a second, which takes a guest in text mode 3 % of its speed. What the news tell is therefore only
 * known while somebody looks.
 */
export class ScreenOnDemand {
  #watch: ScreenWatch | undefined;
  #connecting = false;
  #viewers = 0;
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

  /** The picture of a moment ago; undefined where none has come yet. What has changed since then is sent for. */
  glance(): ScreenCapture | undefined {
    const { picture } = this.news;
    void this.#connect();
    this.#linger();
    this.#watch?.requestChanges(picture.isNew);
    return picture.capture;
  }

  close(): void {
    this.#closed = true;
    this.#letGo();
  }

  async #connect(): Promise<void> {
    if (this.#watch?.closed) this.#letGo();
    if (this.#watch || this.#connecting || this.#closed) return;
    this.#connecting = true;
    try {
      this.#watch = await ScreenWatch.connect(this.address, this.news);
    } catch (error) {
      if (!this.#closed) this.log(`The screen cannot be watched: ${toErrorValue(error).message}`);
    } finally {
      this.#connecting = false;
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
