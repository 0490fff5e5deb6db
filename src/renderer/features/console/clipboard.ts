import { Failure } from '@shared/errors';
import { phrase } from '@shared/phrases/phrase';

/**
 * The text on this computer's clipboard.
 * @throws Failure `host.unavailable` when the page may not look at it
 */
export async function readClipboard(): Promise<string> {
  try {
    return await navigator.clipboard.readText();
  } catch (error) {
    throw new Failure('host.unavailable', phrase('consoleUse.clipboardRefused'), {
      hint: phrase('consoleUse.clipboardRefusedHint'),
      cause: error,
    });
  }
}

/**
 * Whether the page may look at the clipboard without being asked to: a browser that would put a question to the
 * person is asked only for what the person does. Where the question is unknown, each look is one.
 */
export async function mayReadClipboard(): Promise<boolean> {
  try {
    const { state } = await navigator.permissions.query({ name: 'clipboard-read' as PermissionName });
    return state !== 'denied';
  } catch {
    return false;
  }
}
