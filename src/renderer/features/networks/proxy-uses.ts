/** How a program is told to use the proxy of a network. */
export interface ProxyUse {
  name: 'socks' | 'http' | 'browser' | 'curl' | 'ssh';
  text: string;
}

/** A machine's name as host names have it, as the network's own DNS makes it. */
function hostName(machine: string | undefined): string {
  const label = (machine ?? '')
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return label === '' ? 'machine' : label.slice(0, 63);
}

/**
 * The addresses of a proxy at a port of this computer, and what to type to get to a machine through it. Pure.
 *
 * Names go through the proxy unresolved (`socks5h`): only the network knows them.
 */
export function proxyUses(port: number, machine: string | undefined, domain: string): ProxyUse[] {
  const at = `127.0.0.1:${port}`;
  const name = hostName(machine);
  return [
    { name: 'socks', text: `socks5h://${at}` },
    { name: 'http', text: `http://${at}` },
    {
      name: 'browser',
      text: `chromium --proxy-server=socks5://${at} --user-data-dir=/tmp/chromium-vm http://${name}.${domain}/`,
    },
    { name: 'curl', text: `curl --proxy socks5h://${at} http://${name}/` },
    { name: 'ssh', text: `ssh -o ProxyCommand='nc -X 5 -x ${at} %h %p' ${name}` },
  ];
}
