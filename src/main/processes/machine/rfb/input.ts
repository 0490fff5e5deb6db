/** Which buttons of the mouse are held down. */
export interface PointerButtons {
  left: boolean;
  middle: boolean;
  right: boolean;
}

/** What viewers do with keyboard, mouse and clipboard. */
export interface RfbInput {
  /** Bytes that a PC keyboard would send in scan code set 1: make or break of one key. */
  key(bytes: readonly number[]): void;
  /** The pointer is at `x`, `y` of a screen of `width` × `height` pixels. */
  pointerAbsolute(x: number, y: number, width: number, height: number): void;
  /** The mouse moved; positive is right and down, in pixels. */
  pointerRelative(dx: number, dy: number): void;
  /** Buttons went down or up; called only when something is different. */
  buttons(buttons: PointerButtons): void;
  /** The wheel was turned by steps; positive is right and down (towards the person). */
  wheel(dx: number, dy: number): void;
  /** A viewer's clipboard has new text. */
  cutText(text: string): void;
}

/** Whether the guest wants positions (absolute) or movement (relative) of the mouse. */
export type PointerMode = 'absolute' | 'relative';
