import { encodePng, type Picture } from './png';

/**
 * The picture made smaller so that it fits `maxWidth` × `maxHeight`, keeping its proportions and never made
 * larger. Each new pixel is the mean of the pixels it stands for.
 */
export function shrink(picture: Picture, maxWidth: number, maxHeight: number): Picture {
  const { width: oldWidth, height: oldHeight, bytes } = picture;
  const scale = Math.min(1, maxWidth / oldWidth, maxHeight / oldHeight);
  if (scale === 1) return picture;
  const width = Math.max(1, Math.round(oldWidth * scale));
  const height = Math.max(1, Math.round(oldHeight * scale));
  const out = new Uint8Array(width * height * 4);
  let to = 0;
  for (let y = 0; y < height; y++) {
    const top = Math.floor((y * oldHeight) / height);
    const bottom = Math.max(top + 1, Math.floor(((y + 1) * oldHeight) / height));
    for (let x = 0; x < width; x++) {
      const left = Math.floor((x * oldWidth) / width);
      const right = Math.max(left + 1, Math.floor(((x + 1) * oldWidth) / width));
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let row = top; row < bottom; row++) {
        let from = (row * oldWidth + left) * 4;
        for (let column = left; column < right; column++, from += 4) {
          red += bytes[from] ?? 0;
          green += bytes[from + 1] ?? 0;
          blue += bytes[from + 2] ?? 0;
        }
      }
      const count = (right - left) * (bottom - top);
      out[to++] = Math.round(red / count);
      out[to++] = Math.round(green / count);
      out[to++] = Math.round(blue / count);
      out[to++] = 255;
    }
  }
  return { width, height, bytes: out };
}

/** A small PNG of a screen, for the library's cards. */
export function thumbnailPng(picture: Picture, maxWidth: number, maxHeight: number): Promise<Uint8Array> {
  return encodePng(shrink(picture, maxWidth, maxHeight));
}
