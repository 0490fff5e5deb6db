/**
 * Whether a dialog or a menu has the keyboard. One that is fading out has not: what is pressed meanwhile is meant
 * for what lies below it, except the Escape that has just closed it.
 */
export function overlayOpen(event?: KeyboardEvent): boolean {
  const overlays = [...document.querySelectorAll<HTMLElement>('[role="dialog"], [role="menu"]')];
  return overlays.some((overlay) => event?.key === 'Escape' || overlay.dataset.state !== 'closed');
}
