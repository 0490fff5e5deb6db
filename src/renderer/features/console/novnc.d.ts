/** The part of noVNC 1.7.0 that is used here; the package has no types of its own. Its version is pinned exactly. */
declare module '@novnc/novnc' {
  /** What noVNC takes for a socket: the names of a WebSocket that its `Websock` looks for. */
  export interface RawChannel {
    binaryType: string;
    readonly protocol: string;
    readonly readyState: 'connecting' | 'open' | 'closing' | 'closed';
    onopen: (() => void) | null;
    onmessage: ((event: { data: ArrayBuffer }) => void) | null;
    onclose: ((event: { code?: number; reason?: string }) => void) | null;
    onerror: ((event: unknown) => void) | null;
    send(data: Uint8Array): void;
    close(): void;
  }

  export default class RFB extends EventTarget {
    constructor(target: HTMLElement, channel: RawChannel, options?: { shared?: boolean });
    viewOnly: boolean;
    focusOnClick: boolean;
    scaleViewport: boolean;
    /** Asks the server for a screen as large as the element, where it can do that (ExtendedDesktopSize). */
    resizeSession: boolean;
    clipViewport: boolean;
    showDotCursor: boolean;
    background: string;
    disconnect(): void;
    focus(options?: FocusOptions): void;
    blur(): void;
    protected readonly _canvas: HTMLCanvasElement;
    protected readonly _keyboard: { _allKeysUp(): void };
    protected readonly _FBU: { rects: number; x: number; y: number; encoding: number | null };
    /** True when the whole update has been taken from the socket. */
    protected _framebufferUpdate(): boolean;
    /** True when the rectangle has been taken from the socket. */
    protected _handleRect(): boolean;
    /** Asks for a screen of the size of the element, if that is wanted. */
    protected _requestRemoteResize(): void;
    protected _screenSize(): { w: number; h: number };
    protected _resize(width: number, height: number): void;
    protected readonly _sock: unknown;
    protected readonly _screenID: number;
    protected readonly _screenFlags: number;
    static readonly messages: {
      setDesktopSize(socket: unknown, width: number, height: number, id: number, flags: number): void;
    };
  }
}
