/** Hues of lines that can be told apart, also by people who see few of them. */
const hues = [165, 255, 55, 320, 100, 20] as const;

const shade = (number: number, lightness: number): string =>
  `oklch(${lightness}% 0.13 ${hues[number % hues.length]})`;
const [onLight, onDark] = [50, 76];

/** The colour of a line for CSS, which knows the theme. */
export function lineColourCss(number: number): string {
  return `light-dark(${shade(number, onLight)}, ${shade(number, onDark)})`;
}

/** The colour of a line for a canvas, which does not: to be asked for whenever it draws. */
export function lineColour(number: number): string {
  return shade(number, document.documentElement.classList.contains('dark') ? onDark : onLight);
}

/** A colour of the page's theme, as a canvas takes it. */
export function themeColour(name: '--ui-text-muted' | '--ui-border'): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Calls back whenever the theme has changed, until the returned function is called. */
export function onThemeChange(listener: () => void): () => void {
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['class'] });
  return () => observer.disconnect();
}
