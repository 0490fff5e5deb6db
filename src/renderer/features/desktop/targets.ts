import type { ShowTarget } from '@shared/desktop/target';
import { onBeforeUnmount } from 'vue';
import { type RouteLocationRaw, useRouter } from 'vue-router';
import { useConnection } from '../../bridge/client';
import { reportError } from '../../ui/notify';

/** The page of the manager window for where somebody is led; undefined for what is only told. Pure. */
export function pageOf(target: ShowTarget): RouteLocationRaw | undefined {
  switch (target.kind) {
    case 'machine':
      return { path: '/', query: { select: target.id } };
    case 'snapshots':
      return { name: 'snapshots', params: { id: target.id } };
    case 'image':
      return { path: '/create', query: { path: target.path } };
    case 'page':
      return { name: target.page };
    case 'problem':
      return undefined;
  }
}

/** Lets menus, notifications, links and opened files lead this window. */
export function useTargets(): void {
  const router = useRouter();
  const end = useConnection().on('app.show', (target) => {
    const page = pageOf(target);
    if (page) void router.push(page);
    if (target.kind === 'problem') reportError(target.error);
  });
  onBeforeUnmount(end);
}
