import { Failure } from '@shared/errors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settle, testBackend } from '../testing/backend';
import { mountInWindow } from '../testing/mount';
import FileBrowser from './FileBrowser.vue';
import { openPick } from './pick-path';

const entry = (name: string, kind: 'file' | 'folder') => ({ name, path: `/home/${name}`, kind, size: 1 });

let wrapper: ReturnType<typeof mountInWindow>;
let picked: Promise<string | null>;

async function open(purpose: 'image' | 'machine-folder'): Promise<HTMLElement> {
  picked = new Promise((resolve) => {
    openPick.value = {
      purpose,
      answer: (path) => {
        openPick.value = undefined;
        resolve(path);
      },
    };
  });
  await settle();
  return document.querySelector('[role=listbox]') as HTMLElement;
}

const options = (): string[] =>
  [...document.querySelectorAll('[role=option]')].map(
    (option) => option.children[1]?.textContent?.trim() ?? '',
  );
const press = async (target: HTMLElement, key: string): Promise<void> => {
  target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
  await settle();
};

beforeEach(() => {
  testBackend({
    'host.listFolder': ({ path = '/home' }) => {
      if (path === '/home/images') {
        return { path, parent: '/home', entries: [entry('images/a.iso', 'file')], truncated: false };
      }
      if (path !== '/home') throw new Failure('file.not-a-file', `“${path}” is not a folder.`);
      return {
        path,
        parent: '/',
        entries: [entry('.hidden', 'folder'), entry('images', 'folder'), entry('disk.img', 'file')],
        truncated: false,
      };
    },
  });
  wrapper = mountInWindow(FileBrowser);
});
afterEach(() => wrapper.unmount());

describe('the file chooser', () => {
  it('opens folders and chooses files with the keyboard alone', async () => {
    const list = await open('image');
    expect(options()).toEqual(['images', 'disk.img']);
    await press(list, 'Enter');
    expect(options()).toEqual(['images/a.iso']);
    await press(list, 'Backspace');
    // back above, the folder that one came from is selected
    expect(document.querySelector('[aria-selected=true]')?.textContent).toContain('images');
    await press(list, 'd');
    await press(list, 'Enter');
    expect(await picked).toBe('/home/disk.img');
  });

  it('offers only folders where a folder is wanted', async () => {
    await open('machine-folder');
    expect(options()).toEqual(['images']);
    const use = [...document.querySelectorAll('button')].find((button) =>
      button.textContent?.includes('Use this folder'),
    );
    use?.click();
    expect(await picked).toBe('/home');
  });

  it('takes a typed path of a file', async () => {
    await open('image');
    const location = document.querySelector('form input') as HTMLInputElement;
    location.value = '/home/disk.img';
    location.dispatchEvent(new Event('input'));
    document.querySelector('form')?.dispatchEvent(new Event('submit', { cancelable: true }));
    expect(await picked).toBe('/home/disk.img');
  });

  it('shows why a location cannot be opened', async () => {
    await open('machine-folder');
    const location = document.querySelector('form input') as HTMLInputElement;
    location.value = '/nowhere';
    location.dispatchEvent(new Event('input'));
    document.querySelector('form')?.dispatchEvent(new Event('submit', { cancelable: true }));
    await settle();
    expect(document.querySelector('[role=alert]')?.textContent).toContain('is not a folder');
  });
});
