import { Failure } from '@shared/errors';
import { type Phrase, phrase } from '@shared/phrases/phrase';
import type { saving } from '@shared/phrases/saving';
import type { QmpClient } from '../../../../platform/qmp/qmp-client';

/** What QEMU says (`migrate_add_blocker`, and devices that are marked `unmigratable`), and what it means. */
const known: readonly [pattern: RegExp, reason: keyof typeof saving][] = [
  [/non-migratable device.*\bnvme\b/i, 'nvme'],
  [/VirtFS|9p/i, 'share'],
  [/vhost|virtio-?fs/i, 'vhost'],
  [/vfio|host device|pci-assign|usb-host/i, 'hostDevice'],
  [/invtsc/i, 'processor'],
  [/format used by node .* does not support live migration/i, 'diskFormat'],
];

/**
 * Why the memory of this guest cannot be saved now; undefined when nothing speaks against it. A QEMU before 6.0
 * says so only when it is tried.
 *
 * @throws Failure `timeout`, `ipc.closed`
 */
export async function saveObstacle(client: QmpClient): Promise<Failure | undefined> {
  const { 'blocked-reasons': reasons = [] } = await client.execute('query-migrate', {});
  return explainObstacle(reasons);
}

/** The first of QEMU's reasons in words for a person, all of them as the cause. Pure. */
export function explainObstacle(reasons: readonly string[]): Failure | undefined {
  const [first] = reasons;
  if (first === undefined) return undefined;
  const found = known.find(([pattern]) => pattern.test(first));
  const reason: Phrase | string = found ? phrase(`saving.${found[1]}`) : first;
  return new Failure('engine.unsupported', phrase('saving.obstacle', { reason }), {
    hint: phrase('saving.hint'),
    cause: new Failure('engine.unsupported', reasons.join('\n')),
  });
}
