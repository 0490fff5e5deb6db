/**
 * Picks kernel modules and writes the tables that `modprobe` reads (modules.dep(5)), from what each module says
 * about itself in its `.modinfo` section. Written here because a build host need not have depmod.
 */

/** `my-module` and `my_module` are one name. */
const canonical = (name) => name.replaceAll('-', '_');

/**
 * @param {Buffer} object a module (ELF, 32 or 64 bits, little-endian)
 * @returns {{ depends: string[], aliases: string[], softDepends: string[] }}
 */
export function readModuleInfo(object) {
  if (object.readUInt32BE(0) !== 0x7f454c46 || object[5] !== 1)
    throw new Error('not a little-endian ELF file');
  const wide = object[4] === 2;
  const number = (at32, at64, base = 0) =>
    wide ? Number(object.readBigUInt64LE(base + at64)) : object.readUInt32LE(base + at32);
  const table = number(0x20, 0x28);
  const entrySize = object.readUInt16LE(wide ? 0x3a : 0x2e);
  const count = object.readUInt16LE(wide ? 0x3c : 0x30);
  const namesIndex = object.readUInt16LE(wide ? 0x3e : 0x32);
  const section = (index) => {
    const at = table + index * entrySize;
    const offset = number(0x10, 0x18, at);
    return { name: object.readUInt32LE(at), data: object.subarray(offset, offset + number(0x14, 0x20, at)) };
  };
  const names = section(namesIndex).data;
  for (let index = 0; index < count; index++) {
    const { name, data } = section(index);
    if (names.toString('latin1', name, names.indexOf(0, name)) !== '.modinfo') continue;
    const fields = data.toString('latin1').split('\0');
    const values = (key) =>
      fields.filter((field) => field.startsWith(`${key}=`)).map((field) => field.slice(key.length + 1));
    return {
      depends: values('depends').join(',').split(',').filter(Boolean).map(canonical),
      aliases: values('alias'),
      softDepends: values('softdep')
        .flatMap((text) => text.split(/\s+/))
        .filter((word) => word && !word.endsWith(':'))
        .map(canonical),
    };
  }
  throw new Error('a module without .modinfo');
}

/**
 * @param {Map<string, { path: string, read: () => Buffer }>} available every module of the kernel, by canonical name
 * @param {string[]} wanted names
 * @returns {{ path: string, data: Buffer, name: string, info: ReturnType<typeof readModuleInfo> }[]} the wanted
 *   ones and all that they need, sorted by path
 */
export function selectModules(available, wanted) {
  const chosen = new Map();
  const choose = (name, required) => {
    if (chosen.has(name)) return;
    const module = available.get(name);
    if (!module) {
      if (required) throw new Error(`the kernel has no module ${name}`);
      return; // a soft dependency that is built in
    }
    const data = module.read();
    const info = readModuleInfo(data);
    chosen.set(name, { path: module.path, data, name, info });
    info.depends.forEach((each) => choose(each, true));
    info.softDepends.forEach((each) => choose(each, false));
  };
  wanted.map(canonical).forEach((name) => choose(name, true));
  return [...chosen.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/**
 * @param {{ path: string, name: string, info: ReturnType<typeof readModuleInfo> }[]} modules
 * @returns {{ dep: string, alias: string, softdep: string }} contents of modules.dep, modules.alias, modules.softdep
 */
export function moduleTables(modules) {
  const byName = new Map(modules.map((module) => [module.name, module]));
  const closure = (name, seen = new Set()) => {
    for (const each of byName.get(name).info.depends) {
      if (seen.has(each)) continue;
      seen.add(each);
      closure(each, seen);
    }
    return seen;
  };
  // modprobe loads from right to left: what is needed by others goes last.
  const ordered = (name) =>
    [...closure(name)].sort((a, b) => closure(b).size - closure(a).size || (a < b ? -1 : 1));
  const line = (words) => `${words.join(' ')}\n`;
  return {
    dep: modules
      .map((module) =>
        line([`${module.path}:`, ...ordered(module.name).map((name) => byName.get(name).path)]),
      )
      .join(''),
    alias: modules
      .flatMap((module) => module.info.aliases.map((alias) => line(['alias', alias, module.name])))
      .join(''),
    softdep: modules
      .filter((module) => module.info.softDepends.some((name) => byName.has(name)))
      .map((module) =>
        line(['softdep', module.name, 'pre:', ...module.info.softDepends.filter((name) => byName.has(name))]),
      )
      .join(''),
  };
}
