/**
 * Takes pictures of the renderer's screens with the in-page backend: `node test/helpers/renderer-harness/shoot.mjs
 * [--only NAME]`, after building both configurations beside this file. Writes to `test-results/screens`.
 */
import { readFileSync, mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize, resolve } from 'node:path';
import { chromium } from 'playwright-core';

const root = resolve(import.meta.dirname, '../../..');
const pages = join(root, 'test-results/renderer');
const pictures = join(root, 'test-results/screens');
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
mkdirSync(pictures, { recursive: true });

const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1] : undefined;

const server = createServer(async (request, response) => {
  const path = normalize(new URL(request.url, 'http://x').pathname);
  try {
    const body = await readFile(join(pages, path));
    response.writeHead(200, { 'content-type': types[extname(path)] ?? 'application/octet-stream' }).end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const base = `http://127.0.0.1:${server.address().port}`;

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: [
    '--no-sandbox',
    '--disable-quic',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
    '--disable-gpu',
  ],
});
const backend = readFileSync(join(root, 'test-results/renderer-backend/backend.js'), 'utf8');
const axe = readFileSync(join(root, 'node_modules/axe-core/axe.min.js'), 'utf8');

const small = { width: 1280, height: 800 };
const large = { width: 1920, height: 1080 };
const first = (page) => page.locator('[data-machine]').first();

const shots = [
  { name: 'empty', size: small, empty: true },
  { name: 'empty-dark', size: small, empty: true, theme: 'dark' },
  {
    name: 'library',
    size: small,
    act: async (page) => {
      await page.getByTitle('Starter Linux', { exact: true }).first().click();
      await page.waitForTimeout(1500);
    },
  },
  {
    name: 'library-dark',
    size: small,
    theme: 'dark',
    act: async (page) => {
      await page.getByTitle('ReactOS', { exact: true }).first().click();
    },
  },
  {
    name: 'library-large',
    size: large,
    act: async (page) => {
      await page.getByTitle('Starter Linux', { exact: true }).first().click();
      await page.waitForTimeout(3000);
    },
  },
  {
    name: 'library-list',
    size: small,
    view: 'list',
    theme: 'dark',
    act: async (page) => {
      await page.getByTitle('Old laptop', { exact: true }).first().click();
    },
  },
  {
    name: 'library-zh',
    size: small,
    language: 'zh-CN',
    act: async (page) => {
      await page.getByTitle('Haiku', { exact: true }).first().click();
    },
  },
  {
    name: 'multi',
    size: small,
    act: async (page) => {
      await first(page).click();
      await page.keyboard.press('Control+a');
    },
  },
  {
    name: 'menu',
    size: small,
    act: async (page) => {
      await page.getByTitle('Starter Linux', { exact: true }).first().click({ button: 'right' });
      await page.waitForTimeout(300);
    },
  },
  {
    name: 'rename',
    size: small,
    act: async (page) => {
      await page.getByTitle('ReactOS', { exact: true }).first().click();
      await page.keyboard.press('F2');
      await page.keyboard.type('Haiku');
    },
  },
  {
    name: 'delete',
    size: small,
    act: async (page) => {
      await page.getByTitle('ReactOS', { exact: true }).first().click();
      await page.keyboard.press('Delete');
      await page.waitForTimeout(400);
    },
  },
  {
    name: 'quit-dark',
    size: small,
    theme: 'dark',
    act: async (page) => {
      await page.evaluate(async () => {
        window.vivariumEmit('app.quitAsked', { running: [] });
      });
      await page.waitForTimeout(400);
    },
  },
  {
    name: 'gallery',
    size: small,
    path: '#/gallery',
    act: async (page) => {
      await page.getByRole('button', { name: /Resume/ }).click();
      await page.waitForTimeout(900);
    },
  },
  { name: 'gallery-dark', size: large, theme: 'dark', path: '#/gallery' },
  {
    name: 'host',
    size: small,
    path: '#/host',
    act: async (page) => {
      await page.getByRole('button', { name: 'Run' }).click();
      await page.waitForTimeout(4200);
    },
  },
  { name: 'host-dark', size: small, theme: 'dark', path: '#/host' },
  { name: 'preferences', size: small, path: '#/preferences' },
  { name: 'settings', size: small, path: '#/machines/m000000000000002/settings' },
  {
    name: 'settings-dark',
    size: small,
    theme: 'dark',
    path: '#/machines/m000000000000002/settings?page=network',
  },
  { name: 'settings-running', size: small, path: '#/machines/m000000000000001/settings?page=storage' },
  {
    name: 'files',
    size: small,
    empty: true,
    act: async (page) => {
      await page.getByText('Open a machine').click();
      await page.waitForTimeout(500);
    },
  },
  { name: 'snapshots', size: small, path: '#/machines/m000000000000001/snapshots' },
  ...[{}, { theme: 'dark' }, { language: 'zh-CN' }].map((changes, index) => ({
    name: `snapshots-protect-${index}`,
    size: small,
    path: index === 1 ? '#/machines/m000000000000002/snapshots' : '#/machines/m000000000000001/snapshots',
    ...changes,
    act: async (page) => {
      await page.getByTestId('protect').click();
      await page.waitForTimeout(500);
      if (index !== 1) return;
      await page.locator('#protect-discard').click();
      await page.waitForTimeout(300);
    },
  })),
  {
    name: 'snapshots-details-dark',
    size: small,
    theme: 'dark',
    path: '#/machines/m000000000000001/snapshots',
    act: async (page) => {
      await page.getByText('Tools installed').first().click();
      await page.waitForTimeout(300);
    },
  },
  {
    name: 'snapshots-large',
    size: large,
    path: '#/machines/m000000000000001/snapshots',
    act: async (page) => {
      await page.getByText('Fresh installation').first().click();
      await page
        .getByText('Before the update')
        .first()
        .click({ modifiers: ['Control'] });
      await page.waitForTimeout(300);
    },
  },
  {
    name: 'snapshots-take',
    size: small,
    path: '#/machines/m000000000000001/snapshots',
    act: async (page) => {
      await page.keyboard.press('Control+Shift+S');
      await page.waitForTimeout(400);
    },
  },
  {
    name: 'snapshots-restore-zh',
    size: small,
    language: 'zh-CN',
    path: '#/machines/m000000000000001/snapshots',
    act: async (page) => {
      await page.getByText('Tools installed').first().dblclick();
      await page.waitForTimeout(400);
    },
  },
  {
    name: 'snapshots-delete',
    size: small,
    theme: 'dark',
    path: '#/machines/m000000000000001/snapshots',
    act: async (page) => {
      await page.getByText('Kernel 6.1 experiment').first().click();
      await page.keyboard.press('Delete');
      await page.waitForTimeout(400);
    },
  },
  {
    name: 'snapshots-job',
    size: small,
    path: '#/machines/m000000000000001/snapshots',
    act: async (page) => {
      await page.keyboard.press('Control+Shift+S');
      await page.keyboard.press('Enter');
      await page.waitForTimeout(900);
    },
  },
  {
    name: 'snapshots-edit',
    size: small,
    language: 'zh-CN',
    theme: 'dark',
    path: '#/machines/m000000000000001/snapshots',
    act: async (page) => {
      await page.getByText('Before the update').first().click();
      await page.keyboard.press('F2');
      await page.waitForTimeout(300);
    },
  },
  { name: 'snapshots-empty', size: small, path: '#/machines/m000000000000002/snapshots' },
  {
    name: 'snapshots-menu',
    size: large,
    theme: 'dark',
    path: '#/machines/m000000000000001/snapshots',
    act: async (page) => {
      await page.getByText('After the update').first().click({ button: 'right' });
      await page.waitForTimeout(300);
    },
  },
  { name: 'create', size: small, path: '#/create' },
  { name: 'create-dark', size: small, theme: 'dark', path: '#/create' },
];

let problems = 0;
for (const shot of shots.filter(({ name }) => !only || name.startsWith(only))) {
  const page = await browser.newPage({ viewport: shot.size });
  page.setDefaultTimeout(4000);
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) console.log(shot.name, message.type(), message.text());
  });
  page.on('pageerror', (error) => console.log(shot.name, 'page error', error.stack));
  await page.addInitScript(
    `window.vivariumOptions = ${JSON.stringify({ empty: shot.empty, more: shot.more, preferences: { theme: shot.theme ?? 'light', language: shot.language ?? 'en', libraryView: shot.view ?? 'cards' } })};`,
  );
  await page.addInitScript(backend);
  await page.goto(`${base}/manager.html${shot.path ?? ''}`);
  await page.waitForTimeout(700);
  try {
    await shot.act?.(page);
  } catch (error) {
    console.log(shot.name, 'could not act:', error.message);
  }
  await page.waitForTimeout(200);
  await page.screenshot({ path: join(pictures, `${shot.name}.png`) });
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  for (const { id, impact, nodes } of violations) {
    problems++;
    console.log(
      shot.name,
      'axe',
      impact,
      id,
      nodes
        .slice(0, 3)
        .map(({ html, failureSummary }) => `${html.slice(0, 160)} — ${failureSummary.slice(0, 220)}`)
        .join('\n      '),
    );
  }
  await page.close();
}
console.log(`${problems} accessibility problems`);
await browser.close();
server.close();
