import { managerPages } from '@shared/desktop/target';
import { expect, it } from 'vitest';
import { createMemoryHistory, createRouter } from 'vue-router';
import { routes } from '../../windows/manager/routes';
import { pageOf } from './targets';

const router = createRouter({ history: createMemoryHistory(), routes });
const id = 'abcdefgh01234567';

it('leads to pages that there are', () => {
  for (const page of managerPages) {
    const to = pageOf({ kind: 'page', page });
    expect(to && router.resolve(to).name).toBe(page);
  }
  const machine = pageOf({ kind: 'machine', id });
  expect(machine && router.resolve(machine)).toMatchObject({ name: 'library', query: { select: id } });
  const snapshots = pageOf({ kind: 'snapshots', id });
  expect(snapshots && router.resolve(snapshots).path).toBe(`/machines/${id}/snapshots`);
  const image = pageOf({ kind: 'image', path: '/a b/&c.iso' });
  expect(image && router.resolve(image)).toMatchObject({ name: 'create', query: { path: '/a b/&c.iso' } });
  expect(pageOf({ kind: 'problem', error: { code: 'internal', message: 'x' } })).toBeUndefined();
});
