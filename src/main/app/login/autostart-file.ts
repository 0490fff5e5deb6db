import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { mkdir } from 'node:fs/promises';
import { writeAtomic } from '../../platform/atomic-file';

/**
 * Starting at login on Linux: a desktop entry in the session's autostart folder (freedesktop.org's Desktop
 * Application Autostart Specification and Desktop Entry Specification 1.5).
 */
export class AutostartFile {
  /** @param command the program and its arguments */
  constructor(
    private readonly folder: string,
    private readonly command: readonly string[],
  ) {}

  get path(): string {
    return path.join(this.folder, 'vivarium.desktop');
  }

  async get(): Promise<boolean> {
    const text = await readFile(this.path, 'utf8').catch(() => '');
    // Settings of desktops switch an entry off in one of these ways.
    return (
      /^\[Desktop Entry\]/m.test(text) && !/^(Hidden=true|X-GNOME-Autostart-enabled=false)\s*$/m.test(text)
    );
  }

  async set(on: boolean): Promise<void> {
    if (!on) {
      await rm(this.path, { force: true });
      return;
    }
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    await writeAtomic(this.path, desktopEntry(this.command));
  }
}

/** The autostart folder of the session: `$XDG_CONFIG_HOME/autostart`. */
export function autostartFolder(env: Record<string, string | undefined>, home: string): string {
  const config = env['XDG_CONFIG_HOME'];
  return path.join(config && path.isAbsolute(config) ? config : path.join(home, '.config'), 'autostart');
}

/** The text of a desktop entry that starts a command at login. Pure. */
export function desktopEntry(command: readonly string[]): string {
  return [
    '[Desktop Entry]',
    'Type=Application',
    'Name=Vivarium',
    'Comment=Starts Vivarium in the background',
    'Comment[zh_CN]=在后台启动 Vivarium',
    `Exec=${command.map(execArgument).join(' ')}`,
    'Icon=vivarium',
    'Terminal=false',
    'X-GNOME-Autostart-enabled=true',
    '',
  ].join('\n');
}

/**
 * An argument as the key `Exec` wants it: quoted, with what means something in quotes escaped; a percent sign twice,
 * because it begins a field code. The whole value is escaped once more as every string is (section “Basic format”).
 */
function execArgument(argument: string): string {
  const quoted = `"${argument.replace(/["`$\\]/g, '\\$&').replaceAll('%', '%%')}"`;
  return quoted
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')
    .replaceAll('\r', '\\r');
}
