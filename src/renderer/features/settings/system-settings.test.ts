import { flushPromises, type VueWrapper } from '@vue/test-utils';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { defineComponent, h, ref } from 'vue';
import type { EngineCapabilities } from '@shared/engine/capabilities';
import { v86Capabilities } from '@shared/engine/engines';
import type { MachineConfig } from '@shared/machine/config';
import { i18n } from '../../i18n';
import { settle, testBackend, type TestHandlers } from '../../testing/backend';
import { testMachine } from '../../testing/machines';
import { mountInWindow } from '../../testing/mount';
import { openQuestion } from '../../ui/confirm';
import { draftOf, type SettingsDraft } from './draft';
import EngineSettings from './EngineSettings.vue';
import HardwareVersion from './HardwareVersion.vue';

// outside of the built app icons would be fetched from the network
vi.mock('@nuxt/ui/components/Icon.vue', () => ({ default: { render: () => null } }));

const qemu: EngineCapabilities = {
  ...v86Capabilities,
  id: 'qemu',
  title: 'QEMU',
  maxCpus: 4,
  diskBuses: ['virtio', 'ide'],
  machineTypes: { i386: ['pc-q35-7.2', 'pc-i440fx-7.2', 'pc-i440fx-7.1'] },
};
const machine = testMachine(1, 'One');
const config: MachineConfig = {
  ...(machine.config as MachineConfig),
  engine: 'qemu',
  machineType: 'pc-i440fx-7.1',
  cpus: 2,
  disks: [{ id: 'disk0', path: 'disks/disk0.qcow2', bus: 'virtio' }],
};

const engines = [v86Capabilities, qemu].map((capabilities) => ({
  capabilities,
  available: true,
  problem: null,
}));
const common: TestHandlers = {
  'host.engines': () => engines,
  'machine.list': () => [machine],
  'job.list': () => [],
};

let page: VueWrapper | undefined;
afterEach(() => {
  page?.unmount();
  openQuestion.value = undefined;
  i18n.global.locale.value = 'en';
});
async function show(...args: Parameters<typeof mountInWindow>): Promise<VueWrapper> {
  page = mountInWindow(...args);
  await settle();
  await flushPromises();
  return page;
}

describe('the choice of an engine', () => {
  it('lists what will differ before anything is saved, in the person’s language', async () => {
    testBackend(common);
    const draft = { ...draftOf(config), engine: 'v86' as const };
    const shown = await show(EngineSettings, { config, draft, locked: false });
    const list = shown.find('[data-testid="engine-change"]');
    expect(list.text()).toContain('What will differ on Embedded (v86)');
    expect(list.text()).toContain('Processors: 1 instead of 2.');
    expect(list.text()).toContain('Disk 1 is attached by IDE instead of virtio.');
    i18n.global.locale.value = 'zh-CN';
    await flushPromises();
    expect(list.text()).toContain('处理器：由 2 个变为 1 个。');
    expect(list.text()).not.toContain('instead of');
  });

  it('brings back what was chosen when the old engine is chosen again', async () => {
    testBackend(common);
    const drafts: SettingsDraft[] = [{ ...draftOf(config), memoryMiB: 512 }];
    // The select itself is Nuxt UI's: what counts is what it is told, and what comes of it.
    const harness = defineComponent({
      setup: () => {
        const draft = ref<SettingsDraft>(drafts[0] as SettingsDraft);
        return () =>
          h(EngineSettings, {
            config,
            locked: false,
            draft: draft.value,
            'onUpdate:draft': (value: SettingsDraft) => {
              drafts.push(value);
              draft.value = value;
            },
          });
      },
    });
    const shown = await show(harness);
    const choose = async (engine: string): Promise<void> => {
      shown.findComponent({ name: 'SelectRoot' }).vm.$emit('update:modelValue', engine);
      await flushPromises();
    };
    await choose('v86');
    expect(drafts.at(-1)).toMatchObject({ engine: 'v86', cpus: 1, memoryMiB: 512 });
    await choose('qemu');
    expect(drafts.at(-1)).toMatchObject({ engine: 'qemu', cpus: 2, memoryMiB: 512 });
  });

  it('says nothing while the engine stays', async () => {
    testBackend(common);
    const shown = await show(EngineSettings, { config, draft: draftOf(config), locked: false });
    expect(shown.find('[data-testid="engine-change"]').exists()).toBe(false);
  });
});

describe('the hardware version', () => {
  const update = (shown: VueWrapper) => shown.findAll('button').find((one) => one.text() === 'Update…');

  it('is changed after a snapshot, where the person wants one', async () => {
    const done: string[] = [];
    const server = testBackend({
      ...common,
      'snapshot.take': ({ memory, name }) => {
        done.push(`snapshot ${name} ${memory}`);
        setTimeout(() => server.emit('job.changed', { ...job, state: 'done' }), 10);
        return { jobId: job.id };
      },
      'machine.configure': ({ settings }) => {
        done.push(`configure ${JSON.stringify(settings)}`);
        return { ...machine, config: { ...config, ...settings } as MachineConfig };
      },
    });
    const shown = await show(HardwareVersion, { config, capabilities: qemu, locked: false });
    await update(shown)?.trigger('click');
    expect(openQuestion.value?.message).toMatch(/From pc-i440fx-7.1 to pc-i440fx-7.2.*Windows/);
    openQuestion.value?.answer('snapshot');
    await expect.poll(() => done).toHaveLength(2);
    expect(done).toEqual([
      'snapshot Before the change from pc-i440fx-7.1 false',
      'configure {"machineType":"pc-i440fx-7.2"}',
    ]);
  });

  it('stays when the snapshot fails, and when nobody wants the change', async () => {
    const configure = vi.fn();
    const server = testBackend({
      ...common,
      'snapshot.take': () => {
        const error = { code: 'file.no-space' as const, message: 'full' };
        setTimeout(() => server.emit('job.changed', { ...job, state: 'failed', error }), 10);
        return { jobId: job.id };
      },
      'machine.configure': () => {
        configure();
        return machine;
      },
    });
    const shown = await show(HardwareVersion, { config, capabilities: qemu, locked: false });
    await update(shown)?.trigger('click');
    openQuestion.value?.answer('snapshot');
    await expect.poll(() => update(shown)?.attributes('disabled')).toBeUndefined();
    await settle();
    await update(shown)?.trigger('click');
    openQuestion.value?.answer(undefined);
    await settle();
    expect(configure).not.toHaveBeenCalled();
  });

  it('that QEMU does not offer any more is told, and cannot be changed on a locked machine', async () => {
    testBackend(common);
    const old = { ...config, machineType: 'pc-i440fx-2.1' };
    const shown = await show(HardwareVersion, { config: old, capabilities: qemu, locked: true });
    expect(shown.text()).toContain('does not offer this version any more');
    expect(update(shown)?.attributes('disabled')).toBeDefined();
  });
});

const job = {
  id: 'job1',
  kind: 'snapshot' as const,
  subject: config.id,
  title: 'One',
  done: 0,
  total: null,
  unit: 'steps' as const,
  cancellable: false,
  error: null,
  result: null,
};
