import type { VueWrapper } from '@vue/test-utils';
import type { GuestMemory } from '@shared/machine/statistics';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { defineComponent, h, nextTick, ref, shallowRef } from 'vue';
import { testBackend } from '../../testing/backend';
import { testMachine } from '../../testing/machines';
import { mountInWindow } from '../../testing/mount';
import MemoryTarget from './MemoryTarget.vue';

// outside of the built app icons would be fetched from the network
vi.mock('@nuxt/ui/components/Icon.vue', () => ({ default: { render: () => null } }));

const MiB = 2 ** 20;
const memory = (currentMiB: number, driver = true): GuestMemory => ({
  currentBytes: currentMiB * MiB,
  driver,
  totalBytes: driver ? (currentMiB - 10) * MiB : null,
  freeBytes: null,
  availableBytes: driver ? 100 * MiB : null,
});

let page: VueWrapper;
const latest = shallowRef(memory(256));
const target = ref<number>();

/** A machine with 256 MiB that is asked to keep less, when something is asked. */
function show(): void {
  testBackend({ 'machine.list': () => [] });
  const machine = testMachine(1, 'One', 'running');
  const shown = defineComponent(() => () => {
    const { config } = machine;
    if (!config) return null;
    const asked = target.value === undefined ? {} : { memoryTargetMiB: target.value };
    return h(MemoryTarget, { machine, config: { ...config, ...asked }, memory: latest.value });
  });
  page = mountInWindow(shown);
}
const notice = (): string | undefined => {
  const found = page.find('[data-testid="memory-target-notice"]');
  return found.exists() ? found.text() : undefined;
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  latest.value = memory(256);
  target.value = undefined;
});
afterEach(() => {
  page.unmount();
  vi.useRealTimers();
});

describe('the memory that a guest is asked to keep', () => {
  it('says nothing while the guest has what it is to have', async () => {
    show();
    await nextTick();
    expect(notice()).toBeUndefined();
    expect(page.text()).toContain('246 MiB');
  });

  it('says that a guest is on its way, and after a while that it does not follow', async () => {
    show();
    target.value = 128;
    await nextTick();
    expect(notice()).toMatch(/on its way to 128 MiB/);
    latest.value = memory(200);
    await nextTick();
    vi.advanceTimersByTime(10_000);
    await nextTick();
    expect(notice()).toMatch(/has not followed to 128 MiB: it still has 200 MiB/);
    latest.value = memory(129);
    await nextTick();
    expect(notice()).toBeUndefined();
  });

  it('says at once that nothing in the guest answers', async () => {
    show();
    latest.value = memory(256, false);
    target.value = 128;
    await nextTick();
    expect(notice()).toMatch(/no balloon driver/);
  });
});
