import { execFile } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A certificate that a server on this computer shows, and that nobody has signed. */
export interface Certificate {
  key: string;
  cert: string;
  /** What Chromium is told to take it by: `--ignore-certificate-errors-spki-list`. */
  spkiHash: string;
}

/** Makes a certificate for 127.0.0.1. @param folder where its files go */
export async function selfSigned(folder: string): Promise<Certificate> {
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', keyFile, '-out', certFile],
  ]);
  const cert = await readFile(certFile, 'utf8');
  const spki = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
  return {
    key: await readFile(keyFile, 'utf8'),
    cert,
    spkiHash: createHash('sha256').update(spki).digest('base64'),
  };
}
