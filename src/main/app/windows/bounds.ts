/** A place on the desktop, in device-independent pixels. */
export interface Bounds {
  x: number;
  y: number;
  width: number;
  height: number;
}
export interface Size {
  width: number;
  height: number;
}

/** So much of a window must lie on a screen for a person to get hold of it, in pixels. */
const grip = { width: 100, height: 40 };

/**
 * Where a window goes that was at `kept` the last time: the same place, if its title can still be got hold of on one
 * of the screens that there are now, and never larger than that screen. Undefined: the system is to choose. Pure.
 *
 * @param areas the screens without bars and docks
 */
export function fitBounds(kept: Bounds, areas: readonly Bounds[], least: Size): Bounds | undefined {
  const area = areas
    .map((one) => ({ one, shared: overlap(kept, one) }))
    .filter(({ one, shared }) => {
      const titleIsThere = kept.y >= one.y - 1 && kept.y + grip.height <= one.y + one.height;
      return titleIsThere && shared.width >= grip.width && shared.height >= grip.height;
    })
    .sort((a, b) => b.shared.width * b.shared.height - a.shared.width * a.shared.height)[0]?.one;
  if (!area) return undefined;
  const width = Math.min(Math.max(kept.width, least.width), area.width);
  const height = Math.min(Math.max(kept.height, least.height), area.height);
  // One that became narrower must not have lost the part that could be seen.
  const x = Math.max(kept.x, area.x + grip.width - width);
  return { x: Math.round(x), y: Math.round(kept.y), width: Math.round(width), height: Math.round(height) };
}

function overlap(a: Bounds, b: Bounds): Size {
  return {
    width: Math.max(0, Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x)),
    height: Math.max(0, Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y)),
  };
}
