import { noUpdateKnown, type UpdateStatus } from '@shared/updates/status';
import { afterEach, expect, it, vi } from 'vitest';
import { desktopInfo, settle, testBackend } from '../../testing/backend';
import { mountInWindow } from '../../testing/mount';
import UpdatesSection from './UpdatesSection.vue';

// outside of the built app icons would be fetched from the network
vi.mock('@nuxt/ui/components/Icon.vue', () => ({ default: { render: () => null } }));

let wrapper: ReturnType<typeof mountInWindow> | undefined;
afterEach(() => wrapper?.unmount());

/** The section of a program with this status; each step is noted, and its outcome is for the test to tell. */
async function open(status: UpdateStatus) {
  const asked: string[] = [];
  const server = testBackend({
    'app.info': () => ({ ...desktopInfo, version: '1.0.0' }),
    'updates.get': () => status,
    'updates.check': () => (asked.push('check'), status),
    'updates.download': () => void asked.push('download'),
    'updates.cancel': () => void asked.push('cancel'),
    'updates.install': () => void asked.push('install'),
  });
  wrapper = mountInWindow(UpdatesSection);
  await settle();
  const become = async (change: Partial<UpdateStatus>): Promise<void> => {
    status = { ...status, ...change };
    server.emit('updates.changed', status);
    await settle();
  };
  const press = async (label: string): Promise<void> => {
    const button = wrapper?.findAll('button').find((one) => one.text() === label);
    if (!button) throw new Error(`There is no button “${label}”: ${wrapper?.text()}`);
    await button.trigger('click');
    await settle();
  };
  return { asked, become, press, text: () => wrapper?.text() ?? '' };
}

it('goes from looking to restarting in steps of the person', async () => {
  const { asked, become, press, text } = await open(noUpdateKnown('itself'));
  expect(text()).toContain('Vivarium 1.0.0');
  await press('Check for updates');
  await become({ state: 'available', version: '2.0.0' });
  expect(text()).toContain('Vivarium 2.0.0 is there.');
  await press('Download');
  await become({ state: 'downloading', done: 50 * 1024 * 1024, total: 200 * 1024 * 1024 });
  expect(wrapper?.find('[role="progressbar"]').attributes('aria-valuenow')).toBe('25');
  await press('Cancel the download');
  await become({ state: 'ready' });
  expect(wrapper?.find('[role="progressbar"]').exists()).toBe(false);
  await press('Restart and install');
  expect(asked).toEqual(['check', 'download', 'cancel', 'install']);
});

it('shows why a step went wrong, and offers it again', async () => {
  const { become, press, asked, text } = await open(noUpdateKnown('itself'));
  await become({
    state: 'available',
    version: '2.0.0',
    problem: { code: 'download.hash-mismatch', message: 'It arrived damaged.', hint: 'Try again.' },
  });
  expect(text()).toContain('It arrived damaged.');
  await press('Download');
  expect(asked).toEqual(['download']);
});

it.each([
  ['package-manager', 'the updates of your system'],
  ['hand', 'the page where you got this one'],
  ['nobody', 'not made as a release'],
] as const)('has no button where %s brings newer versions', async (by, words) => {
  const { text } = await open(noUpdateKnown(by));
  expect(text()).toContain(words);
  expect(wrapper?.find('button').exists()).toBe(false);
});
