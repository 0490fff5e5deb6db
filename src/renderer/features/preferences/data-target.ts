/**
 * Where the data goes that is to be kept in the folder that a person has chosen: into one of its own there, because
 * what is chosen is often a drive with other things on it. Pure.
 *
 * @param platform `process.platform` of the computer that Vivarium runs on
 */
export function folderFor(chosen: string, platform: string): string {
  const separator = platform === 'win32' ? '\\' : '/';
  const folder = chosen.length > 1 ? chosen.replace(/[/\\]+$/, '') : chosen;
  const last = folder.split(/[/\\]/).at(-1) ?? '';
  if (last.toLowerCase() === 'vivarium') return folder;
  return folder.endsWith(separator) ? `${folder}Vivarium` : `${folder}${separator}Vivarium`;
}
