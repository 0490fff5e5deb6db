import { findProgram, runProgram } from '../../platform/program';

/** How long the session's message bus may take to answer, in milliseconds. */
const answerMs = 3000;

/** Asks whether somebody on the session's bus shows icons (freedesktop.org's StatusNotifierItem specification). */
const question = [
  '--session',
  '--print-reply',
  '--dest=org.freedesktop.DBus',
  '/org/freedesktop/DBus',
  'org.freedesktop.DBus.NameHasOwner',
  'string:org.kde.StatusNotifierWatcher',
];

/**
 * Whether an icon in the tray would be seen. Windows and macOS have a tray; on Linux some desktops have none, and a
 * program that went there would be gone for its user.
 */
export async function hasTray(platform: NodeJS.Platform, env: NodeJS.ProcessEnv): Promise<boolean> {
  if (platform !== 'linux') return true;
  if (!env['DBUS_SESSION_BUS_ADDRESS'] && !env['XDG_RUNTIME_DIR']) return false;
  const program = await findProgram('dbus-send', env);
  if (!program) return false;
  try {
    return (await runProgram(program, question, answerMs)).includes('boolean true');
  } catch {
    return false; // no bus, or none that answers
  }
}
