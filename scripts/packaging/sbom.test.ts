import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { expect, it } from 'vitest';
import { billOfMaterials } from './sbom.mjs';
import { electron, firmware, modules, starterLinux } from './shipped.mjs';

interface Bill {
  components: { name: string; group?: string; purl: string; licenses: unknown[] }[];
  dependencies: { ref: string; dependsOn?: string[] }[];
}

it('is valid by the schema, and names what is shipped with its licences', async () => {
  const shipped = [...modules(), electron('45.3.4'), firmware(), ...starterLinux()];
  const text = await billOfMaterials([...shipped, ...modules()]);
  expect(await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text)).toBeNull();
  const bill = JSON.parse(text) as Bill;
  // A package that was found twice is one component.
  expect(bill.components).toHaveLength(shipped.length);
  expect(bill.components.find(({ name }) => name === 'v86')).toMatchObject({
    purl: expect.stringMatching(/^pkg:npm\/v86@\d/),
    licenses: [{ license: { id: 'BSD-2-Clause' } }],
  });
  expect(bill.components.find(({ name }) => name === 'e2fsprogs')?.licenses).toEqual([
    { expression: 'GPL-2.0-only AND LGPL-2.0-only AND MIT' },
  ]);
  expect(bill.dependencies.find(({ dependsOn }) => dependsOn)?.dependsOn).toHaveLength(shipped.length);
});

it('splits the scope of a name off, as package URLs have it', async () => {
  const one = { ...electron('1.0.0'), name: '@scope/name', purl: 'pkg:npm/%40scope/name@1.0.0' };
  const bill = JSON.parse(await billOfMaterials([one])) as Bill;
  expect(bill.components[0]).toMatchObject({ group: '@scope', name: 'name', purl: one.purl });
});

it('is not written with a licence that there is none of', async () => {
  const one = { ...electron('1.0.0'), license: '(MIT OR See the website)' };
  await expect(billOfMaterials([one])).rejects.toThrow('no licence that SPDX knows');
});
