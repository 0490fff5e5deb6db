/** Where a keysym's character stands on a keyboard with the US layout. */
export interface KeyPlace {
  /** Scan code of set 1; with 0x80 for a key whose code has the prefix E0. */
  keycode: number;
  /** Characters only: whether Shift has to be held for it. Other keys work with and without. */
  shift?: boolean;
  /** Letters follow Caps Lock. */
  letter?: boolean;
}

/** Rows of keys with consecutive scan codes, without and with Shift. */
const rows: readonly [first: number, plain: string, shifted: string][] = [
  [0x02, '1234567890-=', '!@#$%^&*()_+'],
  [0x10, 'qwertyuiop[]', 'QWERTYUIOP{}'],
  [0x1e, "asdfghjkl;'`", 'ASDFGHJKL:"~'],
  [0x2b, '\\zxcvbnm,./', '|ZXCVBNM<>?'],
];

/** Keysyms of keys without a character (X11's keysymdef.h), with their keycodes. */
const functionKeys: readonly [keysym: number, keycode: number][] = [
  [0x0020, 0x39], // space
  [0xff08, 0x0e], // BackSpace
  [0xff09, 0x0f], // Tab
  [0xfe20, 0x0f], // ISO_Left_Tab: what Shift+Tab gives
  [0xff0d, 0x1c], // Return
  [0xff13, 0xc6], // Pause
  [0xff6b, 0xc6], // Break
  [0xff14, 0x46], // Scroll_Lock
  [0xff15, 0x54], // Sys_Req
  [0xff61, 0x54], // Print
  [0xff1b, 0x01], // Escape
  [0xff50, 0xc7], // Home
  [0xff51, 0xcb], // Left
  [0xff52, 0xc8], // Up
  [0xff53, 0xcd], // Right
  [0xff54, 0xd0], // Down
  [0xff55, 0xc9], // Page_Up
  [0xff56, 0xd1], // Page_Down
  [0xff57, 0xcf], // End
  [0xff63, 0xd2], // Insert
  [0xffff, 0xd3], // Delete
  [0xff67, 0xdd], // Menu
  [0xff7f, 0x45], // Num_Lock
  [0xffe1, 0x2a], // Shift_L
  [0xffe2, 0x36], // Shift_R
  [0xffe3, 0x1d], // Control_L
  [0xffe4, 0x9d], // Control_R
  [0xffe5, 0x3a], // Caps_Lock
  [0xffe7, 0xdb], // Meta_L
  [0xffe8, 0xdc], // Meta_R
  [0xffe9, 0x38], // Alt_L
  [0xffea, 0xb8], // Alt_R
  [0xfe03, 0xb8], // ISO_Level3_Shift: AltGr
  [0xff7e, 0xb8], // Mode_switch
  [0xffeb, 0xdb], // Super_L
  [0xffec, 0xdc], // Super_R
  [0xffc8, 0x57], // F11
  [0xffc9, 0x58], // F12
  [0xff8d, 0x9c], // KP_Enter
  [0xff95, 0x47], // KP_Home
  [0xff96, 0x4b], // KP_Left
  [0xff97, 0x48], // KP_Up
  [0xff98, 0x4d], // KP_Right
  [0xff99, 0x50], // KP_Down
  [0xff9a, 0x49], // KP_Page_Up
  [0xff9b, 0x51], // KP_Page_Down
  [0xff9c, 0x4f], // KP_End
  [0xff9d, 0x4c], // KP_Begin
  [0xff9e, 0x52], // KP_Insert
  [0xff9f, 0x53], // KP_Delete
  [0xffaa, 0x37], // KP_Multiply
  [0xffab, 0x4e], // KP_Add
  [0xffac, 0x53], // KP_Separator
  [0xffad, 0x4a], // KP_Subtract
  [0xffae, 0x53], // KP_Decimal
  [0xffaf, 0xb5], // KP_Divide
];

/** Keycodes of KP_0 to KP_9 (keysyms from 0xffb0). */
const keypadDigits = [0x52, 0x4f, 0x50, 0x51, 0x4b, 0x4c, 0x4d, 0x47, 0x48, 0x49];

function buildPlaces(): Map<number, KeyPlace> {
  const places = new Map<number, KeyPlace>();
  for (const [first, plain, shifted] of rows) {
    for (let index = 0; index < plain.length; index++) {
      const keycode = first + index;
      const letter = /[a-z]/.test(plain.charAt(index));
      places.set(plain.charCodeAt(index), { keycode, shift: false, letter });
      places.set(shifted.charCodeAt(index), { keycode, shift: true, letter });
    }
  }
  for (const [keysym, keycode] of functionKeys) places.set(keysym, { keycode });
  keypadDigits.forEach((keycode, digit) => places.set(0xffb0 + digit, { keycode }));
  for (let key = 0; key < 10; key++) places.set(0xffbe + key, { keycode: 0x3b + key }); // F1 to F10
  return places;
}

const places = buildPlaces();

/** Where to find a keysym on a US keyboard; nothing for characters that it does not have. */
export function keyPlace(keysym: number): KeyPlace | undefined {
  // Keysyms of Unicode characters carry 0x01000000; those of Latin-1 are the same characters without it.
  const plain = keysym >= 0x01000020 && keysym <= 0x010000ff ? keysym - 0x01000000 : keysym;
  return places.get(plain);
}
