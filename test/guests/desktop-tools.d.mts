export function missingDesktopTools(): string[];
export function packDesktopTools(file: string): void;
export function unpackDesktopTools(device: string): string;
