/** What is told while a person uses a machine's console. */
export const consoleUse = {
  notOnKeyboard: 'These characters are not on a US keyboard: {characters}',
  notOnKeyboardHint:
    'Nothing was typed. Take them out of the text, or share the clipboard with the guest’s agent.',
  stillTyping: 'A text is still being typed into this machine.',
  stillTypingHint: 'Wait until it has been typed.',
  clipboardRefused: 'The clipboard of this computer cannot be read.',
  clipboardRefusedHint:
    'Click into the window first; a browser also asks whether the page may see the clipboard.',
  monitorQuit: 'QEMU was told to quit in its monitor.',
  monitorQuitHint: 'To the guest this was a loss of power. What it had written to its disks is there.',
  monitorStop: 'The machine was stopped in QEMU’s monitor.',
  monitorStopHint: 'It goes on when it is resumed.',
} as const;
