import { expect, it } from 'vitest';
import { ModelClient } from '../../src/main/processes/machine/rfb/testing/model-client';
import { streamPair } from '../../src/main/processes/machine/rfb/testing/stream-pair';
import type { EngineRig, Subject } from './engine-rig';

function coloursOf(pixels: Uint8Array): number {
  const view = new DataView(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  const colours = new Set<number>();
  for (let at = 0; at < pixels.length; at += 4) colours.add(view.getUint32(at));
  return colours.size;
}

/** What a machine shows, as a picture, as text, and to viewers. */
export function engineScreen(rig: EngineRig, subject: Subject): void {
  it('shows pictures and text, and tells their size', async () => {
    const { machine, guest, recorded } = await rig.boot();
    await guest.graphics();
    expect(machine.screenText()).toBeNull();
    const picture = await machine.capture();
    expect(picture.rgba.length).toBe(picture.width * picture.height * 4);
    expect(coloursOf(picture.rgba)).toBeGreaterThan(4);
    expect(recorded.screens.at(-1)).toEqual({ width: picture.width, height: picture.height, text: false });

    const { version } = picture;
    await guest.text();
    expect((await machine.capture()).version).toBeGreaterThan(version);
    if (subject.readsText === false) return;
    expect(machine.screenText()?.join('\n')).toContain(guest.textShown);
    expect(recorded.screens.at(-1)?.text).toBe(true);
  });

  it('serves the screen to viewers', async () => {
    const { machine, guest } = await rig.boot();
    await guest.graphics();
    const { width, height } = await machine.capture();
    const [here, there] = streamPair();
    machine.connectGraphics(here);
    const viewer = new ModelClient(there);
    await viewer.connect();
    expect([viewer.width, viewer.height, viewer.name]).toEqual([
      width,
      height,
      subject.screenName ?? rig.config.name,
    ]);
    viewer.request(false);
    await viewer.update();
    expect(coloursOf(viewer.pixels)).toBeGreaterThan(4);
    there.close();
    expect(await guest.multiply(4, 4)).toBe(16);
  });

  it('makes nothing for a viewer that does not read', async () => {
    const { machine, guest } = await rig.boot();
    const [here, there] = streamPair();
    machine.connectGraphics(here);
    const viewer = new ModelClient(there);
    await viewer.connect();
    viewer.stalled = new Promise(() => {});
    for (let count = 0; count < 20; count++) {
      viewer.request(false);
      await (count % 2 ? guest.text() : guest.graphics());
    }
    const { width, height } = await machine.capture();
    expect(here.unsent).toBeLessThan(2 * 1024 * 1024 + width * height * 4);
    there.close();
  });
}
