/** The bill of materials of a package: CycloneDX 1.6 (ECMA-424), as JSON. */
import * as CDX from '@cyclonedx/cyclonedx-library';
import { manifest } from '../lib/project.mjs';

/** As electron-builder calls them in the names of artefacts. */
const systems = { linux: 'linux', win32: 'win', darwin: 'mac' };

/** What the bill of materials of a build is called: one release has those of every system side by side. */
export function billName(platform, architectures) {
  return `vivarium-${systems[platform]}-${architectures.join('-')}.cdx.json`;
}

const { Enums, Models, Serialize, SPDX, Spec } = CDX;

const types = {
  library: Enums.ComponentType.Library,
  framework: Enums.ComponentType.Framework,
  firmware: Enums.ComponentType.Firmware,
  'operating-system': Enums.ComponentType.OperatingSystem,
};

/** An id of SPDX's list, or an expression of several. */
function licenseOf(expression) {
  for (const id of expression.split(/ (?:AND|OR|WITH) |[()]/).filter(Boolean)) {
    if (!SPDX.isSupportedSpdxId(id)) throw new Error(`“${expression}” is no licence that SPDX knows`);
  }
  return / (AND|OR|WITH) /.test(expression)
    ? new Models.LicenseExpression(expression)
    : new Models.SpdxLicense(expression);
}

function component({ name, version, license, homepage, purl, type }) {
  const [, group, rest] = /^(@[^/]+)\/(.+)$/.exec(name) ?? [];
  const one = new Models.Component(types[type], rest ?? name, { group, version, bomRef: purl });
  one.purl = purl;
  one.licenses.add(licenseOf(license));
  if (homepage) {
    one.externalReferences.add(new Models.ExternalReference(homepage, Enums.ExternalReferenceType.Website));
  }
  return one;
}

/**
 * @param {import('./shipped.mjs').Shipped[]} shipped a package that is in several parts is named once
 * @returns the document, valid by CycloneDX's schema
 * @throws Error when it would not be
 */
export async function billOfMaterials(shipped) {
  const bom = new Models.Bom();
  const program = new Models.Component(Enums.ComponentType.Application, manifest.name, {
    version: manifest.version,
    bomRef: `pkg:generic/${manifest.name}@${manifest.version}`,
    description: manifest.description,
  });
  program.licenses.add(licenseOf(manifest.license));
  bom.metadata.component = program;
  const byPurl = new Map(shipped.map((one) => [one.purl, one]));
  for (const one of byPurl.values()) {
    const added = component(one);
    bom.components.add(added);
    program.dependencies.add(added.bomRef);
  }
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  const text = serializer.serialize(bom, { sortLists: true, space: 2 });
  const problem = await new CDX.Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text);
  if (problem !== null) throw new Error(`The bill of materials is not valid: ${JSON.stringify(problem)}`);
  return `${text}\n`;
}
