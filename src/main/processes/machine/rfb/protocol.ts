/**
 * Numbers of the Remote Framebuffer protocol, version 3.8: RFC 6143, and for what lies outside it the
 * community's description (the `rfbproto` document).
 */

export const protocolVersion = 'RFB 003.008\n';

export const securityTypeNone = 1;

/** Message types that a client sends: RFC 6143 section 7.5. */
export const clientMessage = {
  setPixelFormat: 0,
  setEncodings: 2,
  framebufferUpdateRequest: 3,
  keyEvent: 4,
  pointerEvent: 5,
  clientCutText: 6,
  setDesktopSize: 251,
  qemu: 255,
} as const;

/** The only submessage of `clientMessage.qemu` that is understood: a key with its scan code. */
export const qemuExtendedKeyEvent = 0;

/** Message type of an update: RFC 6143 section 7.6.1. */
export const framebufferUpdate = 0;

export const encoding = {
  raw: 0,
  zlib: 6,
  desktopSize: -223,
  qemuPointerMotionChange: -257,
  qemuExtendedKeyEvent: -258,
  extendedDesktopSize: -308,
} as const;

/** Why an ExtendedDesktopSize rectangle is sent (its x), and with what result (its y). */
export const desktopSizeReason = { server: 0, thisClient: 1 } as const;
export const desktopSizeResult = { done: 0, prohibited: 1 } as const;

/** Masks of PointerEvent: RFC 6143 section 7.5.5; bits 5 and 6 are what viewers use for a wheel sideways. */
export const pointerButton = {
  left: 0x01,
  middle: 0x02,
  right: 0x04,
  wheelUp: 0x08,
  wheelDown: 0x10,
  wheelLeft: 0x20,
  wheelRight: 0x40,
} as const;

/** Relative PointerEvents carry movement plus this number. */
export const relativeOrigin = 0x7fff;

/** Limits on what a client may send. */
export const limits = {
  encodings: 1024,
  /** Text of the clipboard that is passed on, in bytes; longer text is skipped. */
  cutText: 256 * 1024,
  /** A client that announces a longer text is not believed. */
  cutTextSkipped: 64 * 1024 * 1024,
  screens: 255,
} as const;
