import type { RfbInput } from '../../rfb/input';
import type { GuestKeyboard } from './keyboard';
import type { GuestMouse } from './mouse';

/** What viewers do, passed on to the emulated keyboard and mouse. The guest's clipboard cannot be reached. */
export function guestInput(keyboard: GuestKeyboard, mouse: GuestMouse): RfbInput {
  return {
    key: (bytes) => keyboard.send(bytes),
    pointerAbsolute: (x, y, width, height) => mouse.moveTo(x, y, width, height),
    pointerRelative: (dx, dy) => mouse.moveBy(dx, dy),
    buttons: (buttons) => mouse.buttons(buttons),
    wheel: (_dx, dy) => mouse.wheel(dy),
    cutText: () => {},
  };
}
