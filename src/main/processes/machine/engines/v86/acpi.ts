import type { V86Cpu } from './emulator-types';

/**
 * Ports of the PIIX4's power management as SeaBIOS sets it up: PM1a event and control blocks (ACPI 6.1 section
 * 4.8.3), general purpose events (4.8.4), and the hot-plug ports of PCI slots that SeaBIOS's DSDT describes.
 */
const pm1Control = 0xb004;
const gpeStatus = [0xafe0, 0xafe1];
const hotPlugFirst = 0xae00;
const hotPlugCount = 16;

const powerButtonBit = 0x0100;
const sleepEnableBit = 0x2000;
/** The line of the system control interrupt. */
const sciLine = 9;

/** SLP_TYP values of SeaBIOS's DSDT: \_S5 and \_S4 mean that the power goes off. */
const powerOffTypes = new Set([0, 2]);

/**
 * Repairs what keeps operating systems from using v86's ACPI, and tells when the guest turns the power off.
 * Call it once the devices exist; does nothing without ACPI.
 *
 * - Status registers of general purpose events are cleared by writing ones; v86 stores what is written, so that
 *   events seem to go on for ever.
 * - Nothing answers at the hot-plug ports, so they read as all ones: "every slot is being removed".
 */
export function repairAcpi(cpu: V86Cpu, on: { powerOff(): void; sleep(type: number): void }): void {
  const { acpi } = cpu.devices;
  if (!acpi) return;
  gpeStatus.forEach((port, index) => {
    const entry = cpu.io.ports[port];
    if (entry) entry.write8 = (value) => void (acpi.gpe[index] = (acpi.gpe[index] ?? 0) & ~value);
  });
  for (let port = hotPlugFirst; port < hotPlugFirst + hotPlugCount; port++) {
    const entry = cpu.io.ports[port];
    if (entry) entry.read8 = entry.read16 = entry.read32 = () => 0;
  }
  const control = cpu.io.ports[pm1Control];
  if (!control) return;
  const write = control.write16;
  control.write16 = (value) => {
    write.call(control.device, value);
    if ((value & sleepEnableBit) === 0) return;
    const type = (value >> 10) & 7;
    if (powerOffTypes.has(type)) on.powerOff();
    else on.sleep(type);
  };
}

/** Presses the power button for a moment. False where no operating system listens to it. */
export function pressPowerButton(cpu: V86Cpu): boolean {
  const { acpi } = cpu.devices;
  if (!acpi || (acpi.pm1_enable & powerButtonBit) === 0) return false;
  acpi.pm1_status |= powerButtonBit;
  cpu.device_raise_irq(sciLine);
  return true;
}
