import type { RouteRecordRaw } from 'vue-router';
import LibraryPage from '../../features/library/LibraryPage.vue';

/** The pages of the manager window. All but the library are loaded when they are first opened. */
export const routes: RouteRecordRaw[] = [
  { path: '/', name: 'library', component: LibraryPage },
  {
    path: '/welcome',
    name: 'welcome',
    component: () => import('../../features/welcome/WelcomePage.vue'),
  },
  { path: '/create', name: 'create', component: () => import('../../features/create/CreateWizard.vue') },
  { path: '/gallery', name: 'gallery', component: () => import('../../features/gallery/GalleryPage.vue') },
  {
    path: '/machines/:id/settings',
    name: 'settings',
    component: () => import('../../features/settings/SettingsPage.vue'),
    props: true,
  },
  {
    path: '/machines/:id/snapshots',
    name: 'snapshots',
    component: () => import('../../features/snapshots/SnapshotsPage.vue'),
    props: true,
  },
  {
    path: '/machines/:id/statistics',
    name: 'statistics',
    component: () => import('../../features/statistics/StatisticsPage.vue'),
    props: true,
  },
  { path: '/disks', name: 'disks', component: () => import('../../features/media/MediaPage.vue') },
  {
    path: '/networks',
    name: 'networks',
    component: () => import('../../features/networks/NetworksPage.vue'),
  },
  { path: '/host', name: 'host', component: () => import('../../features/host/HostPage.vue') },
  {
    path: '/preferences',
    name: 'preferences',
    component: () => import('../../features/preferences/PreferencesPage.vue'),
  },
  { path: '/:rest(.*)', redirect: '/' },
];
