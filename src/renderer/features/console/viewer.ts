import RFB from '@novnc/novnc';
import { GuestSize } from './guest-size';
import { RfbChannel } from './rfb-channel';
import { pointerMotionChange } from './rfb-messages';

/** No guest is asked for a screen with fewer pixels than that to a side. */
const smallestScreen = 200;

/** What a viewer tells about what it shows. */
export interface ViewerEvents {
  connected(): void;
  disconnected(): void;
  /** An update of the screen has been drawn. */
  frame(): void;
  /** Whether the guest is so new that its system has not taken the screen. */
  starting(): boolean;
  /** The guest's screen has this many pixels. */
  resized(width: number, height: number): void;
}

/** noVNC's viewer, with the few things that it keeps to itself. */
export class Viewer extends RFB {
  #events: ViewerEvents;
  readonly #guestSize = new GuestSize();

  constructor(
    target: HTMLElement,
    private readonly channel: RfbChannel,
    events: ViewerEvents,
  ) {
    super(target, channel, { shared: true });
    this.#events = events;
    this.addEventListener('connect', () => {
      events.resized(this._canvas.width, this._canvas.height);
      events.connected();
    });
    this.addEventListener('disconnect', () => events.disconnected());
    channel.begin();
  }

  /** The element that shows the screen and takes the keyboard. */
  get canvas(): HTMLCanvasElement {
    return this._canvas;
  }

  /** Sends movement of a captured mouse; see `RfbChannel.sendMovement`. */
  sendMovement(mask: number, dx: number, dy: number): void {
    this.channel.sendMovement(mask, dx, dy);
  }

  /** Has the guest follow the size of the element, from now on; see `GuestSize`. */
  insistOnSize(): void {
    this.#guestSize.insist();
    this._requestRemoteResize();
  }

  /** Lets go of every key that is held down in the guest. */
  releaseKeys(): void {
    this._keyboard._allKeysUp();
  }

  protected override _framebufferUpdate(): boolean {
    const complete = super._framebufferUpdate();
    if (complete) this.#events.frame();
    return complete;
  }

  protected override _handleRect(): boolean {
    // Announces the mouse's mode and has no data; the mode is taken from the machine's summary.
    if (this._FBU.encoding === pointerMotionChange) return true;
    return super._handleRect();
  }

  /** While another tab is in front the element has no size; a guest that was given that would lose its screen. */
  protected override _requestRemoteResize(): void {
    const { w, h } = this._screenSize();
    if (w < smallestScreen || h < smallestScreen) return;
    const wanted = this.#guestSize.ask({ width: w, height: h }, this.#events.starting(), performance.now());
    if (wanted) super._requestRemoteResize();
  }

  protected override _resize(width: number, height: number): void {
    super._resize(width, height);
    this.#events.resized(width, height);
    const better = this.#guestSize.took({ width, height }, performance.now());
    if (better && this.resizeSession) {
      const { _sock: socket, _screenID: id, _screenFlags: flags } = this;
      RFB.messages.setDesktopSize(socket, better.width, better.height, id, flags);
    }
  }
}
