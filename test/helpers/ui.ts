import { expect } from 'vitest';
import type { Page } from 'playwright-core';
import type { AppUnderTest } from './app';

/** How a person goes about the app's windows; used by the end-to-end tests. */

/**
 * Creates a machine from a system of the gallery and starts it; gives its console window.
 * @param engine chosen by its button; left as the wizard suggests it when there is none
 */
export async function createFromGallery(
  app: Pick<AppUnderTest, 'manager' | 'newWindow'>,
  gallery: string,
  name: string,
  engine?: string,
): Promise<Page> {
  const { manager } = app;
  await manager
    .getByRole('link', { name: 'New machine' })
    .or(manager.getByRole('button', { name: 'New machine' }))
    .first()
    .click();
  // The radio button itself is invisible; a person clicks its label.
  await manager.locator('label', { has: manager.getByTestId(`gallery-${gallery}`) }).click();
  await manager.getByTestId('wizard-next').click();
  await manager.getByTestId('name').fill(name);
  if (engine !== undefined) await manager.getByTestId(`engine-${engine}`).click();
  await manager.getByTestId('wizard-next').click();
  await manager.getByTestId('review').waitFor();
  return app.newWindow(() => manager.getByTestId('wizard-next').click());
}

/** Opens the console of the machine with this name from the library. */
export async function openConsole(app: AppUnderTest, name: string): Promise<Page> {
  return app.newWindow(() => machineItem(app.manager, name).dblclick());
}

export function machineItem(manager: Page, name: string) {
  return manager.locator('[data-machine]').filter({ hasText: name });
}

/** What a serial terminal shows, as one string without the line breaks of wrapped lines. */
async function serialText(page: Page): Promise<string> {
  return page.locator('.xterm-rows').first().innerText();
}

/** Looks at the first serial port until its text matches; then goes back to the screen. */
export async function waitForSerial(page: Page, pattern: RegExp, timeoutMs = 180_000): Promise<string> {
  await page.getByTestId('tab-0').click();
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const text = (await serialText(page).catch(() => '')).replaceAll('\u00a0', ' ');
    if (pattern.test(text)) {
      await page.getByTestId('tab-screen').click();
      return text;
    }
    if (Date.now() > deadline)
      throw new Error(`${pattern} did not come over the serial port. It showed:\n${text}`);
    await page.waitForTimeout(200);
  }
}

/** Characters that a US keyboard gives with Shift, and the keys that they are on. */
const shifted = new Map(
  [...'~!@#$%^&*()_+{}|:"<>?'].map((character, index) => [
    character,
    [..."`1234567890-=[]\\;',./"][index] ?? '',
  ]),
);

/**
 * Types a line into the guest's screen, as a person with a US keyboard does: Shift is pressed where it is needed,
 * for the guest is told of keys, not of characters.
 */
export async function typeOnScreen(page: Page, line: string): Promise<void> {
  // A dialog that is closing keeps the keyboard until it is gone.
  await page.getByRole('dialog').first().waitFor({ state: 'detached' });
  // The window gives the canvas the keyboard when it is shown; a click would capture the mouse in this guest.
  await page.getByTestId('console-canvas').focus();
  await page.locator('[data-testid="console-canvas"]:focus').waitFor();
  for (const character of line) {
    const key = shifted.get(character) ?? character;
    const shift = shifted.has(character) || /[A-Z]/.test(character);
    if (shift) await page.keyboard.down('Shift');
    await page.keyboard.press(key, { delay: 5 });
    if (shift) await page.keyboard.up('Shift');
  }
  await page.keyboard.press('Enter');
}

/**
 * Types a line on the screen until what it prints comes by the serial port. A guest that is busy, or sets its screen up,
 * loses keys, as the keyboard's controller keeps few of them. Precondition: no part of the line lets a shell wait for
 * more, as brackets and quotes do.
 */
export async function typeUntil(page: Page, line: string, pattern: RegExp): Promise<void> {
  const isTyped = async (): Promise<boolean> => {
    await page.getByTestId('tab-screen').click();
    await typeOnScreen(page, line);
    return waitForSerial(page, pattern, 10_000).then(
      () => true,
      () => false,
    );
  };
  await expect.poll(isTyped, { timeout: 180_000 }).toBe(true);
}

/** Chooses an entry of one of the console's menus. */
export async function chooseFromMenu(page: Page, menu: string, entry: string | RegExp): Promise<void> {
  await page.getByTestId(`menu-${menu}`).click();
  await page.getByRole('menuitem', { name: entry }).click();
}

export async function waitForScreen(page: Page): Promise<void> {
  await page.locator('[data-testid="console-screen"][data-connected="true"]').waitFor();
}
